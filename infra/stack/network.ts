// The functions' network: an existing VPC, a security group that lets out what is needed and nothing in.
import { aws_ec2 as ec2 } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { adminAddressesOf, type StackSettings } from './settings.js';

export interface Network {
  readonly vpc: ec2.IVpc;
  readonly subnets: ec2.SubnetSelection;
  readonly securityGroup: ec2.SecurityGroup;
}

/** Looks nothing up: everything about the VPC is in the settings, so that synthesis needs no account. */
export function makeNetwork(scope: Construct, settings: StackSettings): Network {
  const { vpc: known, consul, haproxy, name } = settings;
  const vpc = ec2.Vpc.fromVpcAttributes(scope, 'Vpc', {
    vpcId: known.id,
    availabilityZones: known.availabilityZones,
  });
  const subnets = {
    subnets: known.privateSubnetIds.map((subnetId, index) =>
      ec2.Subnet.fromSubnetAttributes(scope, `Subnet${index}`, {
        subnetId,
        availabilityZone: known.availabilityZones[index] ?? '',
      }),
    ),
  };
  const securityGroup = new ec2.SecurityGroup(scope, 'FunctionSecurityGroup', {
    vpc,
    description: `${name}: to Consul, the HAProxy admin ports and SSM; nothing in`,
    allowAllOutbound: false,
  });
  // Name servers need no rule: security groups do not filter traffic to the VPC's own resolver.
  const allow = (peers: readonly string[], ports: readonly number[], what: string): void => {
    for (const peer of peers)
      for (const port of ports) securityGroup.addEgressRule(peerOf(peer), ec2.Port.tcp(port), what);
  };
  allow(consul.peers, consulPorts(settings), 'Consul API');
  allow(haproxy.peers, adminPorts(settings), 'HAProxy admin');
  securityGroup.addEgressRule(
    makeSsmPeer(scope, settings, { vpc, subnets, securityGroup }),
    ec2.Port.tcp(443),
    'SSM',
  );
  return { vpc, subnets, securityGroup };
}

/** The SSM endpoint as a peer; where it is to be made, it is, and lets in the functions and nobody else. */
function makeSsmPeer(scope: Construct, { ssmEndpoint, name }: StackSettings, network: Network): ec2.IPeer {
  if ('prefixListId' in ssmEndpoint) return ec2.Peer.prefixList(ssmEndpoint.prefixListId);
  if ('securityGroupId' in ssmEndpoint) return ec2.Peer.securityGroupId(ssmEndpoint.securityGroupId);
  const { vpc, subnets } = network;
  const securityGroup = new ec2.SecurityGroup(scope, 'SsmEndpointSecurityGroup', {
    vpc,
    description: `${name}: SSM endpoint, for the functions only`,
    allowAllOutbound: false,
  });
  securityGroup.addIngressRule(network.securityGroup, ec2.Port.tcp(443), 'The functions');
  new ec2.InterfaceVpcEndpoint(scope, 'SsmEndpoint', {
    vpc,
    subnets,
    service: ec2.InterfaceVpcEndpointAwsService.SSM,
    securityGroups: [securityGroup],
    privateDnsEnabled: true,
    open: false,
  });
  return securityGroup;
}

function peerOf(peer: string): ec2.IPeer {
  return peer.startsWith('sg-') ? ec2.Peer.securityGroupId(peer) : ec2.Peer.ipv4(peer);
}

function consulPorts({ consul }: StackSettings): number[] {
  return unique(consul.addresses.map((address) => Number(/:(\d+)$/.exec(address)?.[1])));
}

function adminPorts(settings: StackSettings): number[] {
  const named = adminAddressesOf(settings).flatMap((address) => ('port' in address ? address.port : []));
  return unique([...named, ...(settings.haproxy.ports ?? [])]);
}

function unique(ports: readonly number[]): number[] {
  return [...new Set(ports)].sort((a, b) => a - b);
}
