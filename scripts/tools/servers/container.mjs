// container.mjs URL NAME: makes a container in the Azurite at URL (its address with its account), signed with the key that
// Azurite's documentation gives.
import { createHmac } from 'node:crypto';

const [address, name] = process.argv.slice(2);
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const account = new URL(address).pathname.slice(1);
const date = new Date().toUTCString();
const version = '2021-08-06';
const signed = [
  'PUT', ...Array(11).fill(''),
  `x-ms-date:${date}`, `x-ms-version:${version}`,
  `/${account}/${account}/${name}`, 'restype:container',
].join('\n');
const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(signed).digest('base64');
const answer = await fetch(`${address}/${name}?restype=container`, {
  method: 'PUT',
  headers: { 'x-ms-date': date, 'x-ms-version': version, Authorization: `SharedKey ${account}:${signature}` },
});
if (!answer.ok && answer.status !== 409) {
  console.error(`${answer.status} ${await answer.text()}`);
  process.exit(1);
}
