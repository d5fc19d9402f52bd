/** Our server in a process of its own, as `editable serve` starts it; prints its port. */
import { serve } from '@editable/studio';

const [store, how] = process.argv.slice(2);
const server = await serve({ store, model: 'model', port: 0, logLevel: 'error', exact: how === 'exact' });
console.log(new URL(server.address).port);
process.once('SIGTERM', () => server.close().then(() => process.exit(0)));
