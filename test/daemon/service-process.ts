// Notes a service in the directory given, says so, and runs until it is killed; run by running-services.test.ts.
import { noteService } from '../../src/daemon/running-services.ts';
import { realRandom } from '../../src/random.ts';

const [directory = ''] = process.argv.slice(2);
noteService({ role: 'slave', state: '/state/of/slave' }, realRandom, directory);
process.stdout.write('noted\n');
setInterval(() => undefined, 60_000);
