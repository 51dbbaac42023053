// What the stack's settings must be together, beyond each on its own. Pure.
import { parseAdminAddress } from '../../lib/config/environment.js';
import type { Problem } from '../../lib/errors.js';
import { environmentOf } from './environment.js';
import type { StackSettings } from './settings.js';

/** Lambda's quota for all environment variables of a function together. */
const MAX_ENVIRONMENT_BYTES = 4_096;

/** Every contradiction, with its path. */
export function crossProblems(settings: StackSettings): Problem[] {
  const { haproxy, consul, vpc, region } = settings;
  const kinds = new Set(haproxy.addresses.map((text) => parseAdminAddress(text)?.kind));
  const size = Object.entries(environmentOf(settings)).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
  const problems: (Problem | false)[] = [
    kinds.has('consul') &&
      haproxy.ports === undefined && {
        path: 'haproxy.ports',
        message: 'name the admin ports of the load balancers that consul:SERVICE finds',
      },
    kinds.has('tls') &&
      haproxy.tls === undefined && {
        path: 'haproxy.tls',
        message: 'name the parameters with caParameter, certParameter and keyParameter that tls:// needs',
      },
    kinds.has('tcp') &&
      !haproxy.allowPlainText && {
        path: 'haproxy.addresses',
        message:
          'tcp:// lets whoever reaches the port control HAProxy; use tls://, or set haproxy.allowPlainText',
      },
    consul.tokenKeyArn.split(':')[3] !== region && {
      path: 'consul.tokenKeyArn',
      message: `is not in ${region}, where the parameter is`,
    },
    size > MAX_ENVIRONMENT_BYTES && {
      path: 'config',
      message: `makes the functions' environment ${size} bytes; Lambda takes ${MAX_ENVIRONMENT_BYTES}`,
    },
    ...vpc.availabilityZones.map(
      (name, index) =>
        !name.startsWith(region) && {
          path: `vpc.availabilityZones.${index}`,
          message: `${name} is not in ${region}`,
        },
    ),
    vpc.availabilityZones.length !== vpc.privateSubnetIds.length && {
      path: 'vpc.privateSubnetIds',
      message: 'name one subnet for each availability zone, in the same order',
    },
  ];
  return problems.filter((problem) => problem !== false);
}
