/**
 * Earlier versions, by the commit that closed each. Tests build them from the history, and try this version beside them. A tag would not do:
 * a copy of the repository may lack it.
 */
export const versions = {
  '0.2.0': '689e921077e04adb4278168e4b1ce7f0d89fd848',
} as const;
