/** Which network addresses are on the public internet: those that a request on someone else's behalf may go to. */
import { BlockList, isIP } from 'node:net';

/** IANA's special-purpose registries: private, local, shared, documentation, benchmarking, multicast and reserved. */
const notPublic4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];
/** Of 2000::/3, where all public addresses are: Teredo and other protocols, documentation, 6to4, which can carry private ones. */
const notPublic6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const blocked = new BlockList();
const global6 = new BlockList();
for (const subnet of notPublic4) add(blocked, subnet, 'ipv4');
for (const subnet of notPublic6) add(blocked, subnet, 'ipv6');
add(global6, '2000::/3', 'ipv6');

function add(list: BlockList, subnet: string, type: 'ipv4' | 'ipv6'): void {
  const [address, bits] = subnet.split('/') as [string, string];
  list.addSubnet(address, Number(bits), type);
}

/** @param address an IP address without brackets; anything else is not public */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !blocked.check(address, 'ipv4');
  // Addresses that stand for IPv4 ones (::ffff:0:0/96, 64:ff9b::/96) lie outside 2000::/3.
  return family === 6 && !address.includes('%') && global6.check(address, 'ipv6') && !blocked.check(address, 'ipv6');
}
