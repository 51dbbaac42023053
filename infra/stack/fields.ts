// The kinds of values in the stack's settings: identifiers of AWS as AWS prints them. Pure.
import { isIP } from 'node:net';
import * as v from 'valibot';
import { parseIp } from '../../lib/model/address.js';
import { isLoopback } from '../../lib/model/loopback.js';

const matching = (pattern: RegExp, message: string) => v.pipe(v.string(), v.regex(pattern, message));

/** A whole number in `min..max`. */
export const whole = (min: number, max: number) =>
  v.pipe(
    v.number(`give a whole number from ${min} to ${max}`),
    v.integer(`give a whole number from ${min} to ${max}`),
    v.minValue(min, `is below ${min}`),
    v.maxValue(max, `is above ${max}`),
  );

export const stackName = matching(
  /^[a-z][a-z0-9-]{0,39}$/,
  'use up to 40 of a-z 0-9 -, a letter first: function and alarm names begin with it',
);
export const account = matching(/^\d{12}$/, 'use the twelve digits of the account, as text');
export const region = matching(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'use a region, such as eu-west-1');
export const zone = matching(
  /^[a-z]{2}(?:-[a-z]+)+-\d[a-z]$/,
  'use an availability zone, such as eu-west-1a',
);
export const vpcId = matching(/^vpc-[0-9a-f]{8,17}$/, 'use a VPC id, vpc-…');
export const subnetId = matching(/^subnet-[0-9a-f]{8,17}$/, 'use a subnet id, subnet-…');
export const securityGroupId = matching(/^sg-[0-9a-f]{8,17}$/, 'use a security group id, sg-…');
export const prefixListId = matching(/^pl-[0-9a-f]{8,17}$/, 'use a prefix list id, pl-…');
export const keyArn = matching(
  /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/,
  'use the ARN of the key (not of an alias), arn:aws:kms:REGION:ACCOUNT:key/…',
);
export const topicArn = matching(
  /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$/,
  'use the ARN of an SNS topic, arn:aws:sns:REGION:ACCOUNT:NAME',
);
export const roleName = matching(/^[\w+=,.@-]{1,64}$/, 'use the name of a role, not its ARN');
/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html, Name. */
export const parameterName = v.pipe(
  matching(
    /^\/?[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/,
    'use the name of a parameter, such as /iri-lb/consul-token',
  ),
  v.maxLength(1011, 'is longer than a parameter name may be'),
  v.check(
    (name) => name.startsWith('/') || !name.includes('/'),
    'must begin with / when it is a path: SSM takes it for an ARN otherwise',
  ),
  v.check(
    (name) => !/^\/?(?:aws|ssm)/i.test(name),
    'begins with aws or ssm, which SSM keeps for itself: nobody can make it',
  ),
);
/** Where a page is; `#` and an entry of it are put behind, in descriptions of at most 1024 characters. */
export const pageUrl = v.pipe(
  matching(/^https:\/\/[^\s"'<>#]+$/, 'use an https:// address without #: the name of an entry follows'),
  v.maxLength(700, 'is longer than there is room for in an alarm'),
);

/** Where traffic may go: a security group, or a network in CIDR form that is not everything. */
export const peer = v.pipe(
  v.string(),
  v.check(
    (text) => v.is(securityGroupId, text) || isNetwork(text),
    'use a security group id, sg-…, or an IPv4 network of /8 or smaller, such as 10.0.1.0/24',
  ),
);

/** Why the functions cannot reach a host; undefined where nothing is known against it. */
export function unreachable(host: string): string | undefined {
  if (isLoopback(host)) return "is the function's own machine; name the host that the functions are to reach";
  const ip = parseIp(host);
  if (ip?.kind === 'ipv6')
    return "is IPv6, which the functions' subnets and security group are not made for; name an IPv4 address or a host name";
  if (ip?.text.startsWith('169.254.')) return 'is link-local, where no other host is; name its own address';
  return undefined;
}

function isNetwork(text: string): boolean {
  const [address = '', bits = ''] = text.split('/');
  return isIP(address) === 4 && /^\d{1,2}$/.test(bits) && Number(bits) >= 8 && Number(bits) <= 32;
}
