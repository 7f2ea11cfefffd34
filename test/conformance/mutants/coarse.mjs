/**
 * Coarse faults, each tried on all checks of the files that `tests` names: every check catches one of these, or a finer one.
 */
export const coarse = [
  {
    name: 'never-starts',
    at: 'runVdeSwitch',
    code: 'const parsed =',
    fault: 'if (argv.length >= 0) return 3; const parsed =',
    breaks: 'it ends at once',
    tests: [''],
  },
  {
    name: 'refuses-otherwise',
    at: 'statusLine',
    code: 'const [errno, text] = statuses[status];',
    fault: 'const [number, text] = statuses[status]; const errno = number === 0 ? 0 : number + 1;',
    breaks: 'what fails ends with the next higher status',
    tests: ['console'],
  },
  {
    name: 'succeeds-otherwise',
    at: 'statuses',
    code: "'Success'",
    fault: "'Succeeded'",
    breaks: 'what succeeds is told in another word',
    tests: ['console'],
  },
  {
    name: 'prints-otherwise',
    at: 'Console.execute',
    code: 'data.push(one)',
    fault: "data.push(`${one}'`)",
    breaks: 'each line of data has an apostrophe at its end',
    tests: ['console'],
  },
  {
    name: 'tells-otherwise',
    at: 'Events.emit',
    code: "const line = '…'",
    fault: "const line = '…'.replace(category.path, '$& ')",
    breaks: 'there are two blanks in each event',
    tests: ['console'],
  },
  {
    name: 'one-octet-more',
    at: 'DatagramPort.flush',
    code: 'const sent =',
    fault: 'for (let i = 0; i < frames.length; i++) frames[i] = Buffer.concat([frames[i], Buffer.alloc(1)]); const sent =',
    breaks: 'each frame is longer by an octet',
    tests: [''],
  },
  {
    name: 'repeats-all',
    at: 'Switch.receive',
    code: 'if (this.#hub)',
    fault: 'if (!isForBridges(frame))',
    breaks: 'it is a hub',
    tests: [''],
  },
];
