// The network of the functions in the template: no way in, and only the ways out that are needed.
import { describe, expect, it } from 'vitest';
import { exampleSettings, propertiesOf, synthesise } from './example.js';

const made = synthesise(exampleSettings());
const { template } = made;

describe('the network of the functions', () => {
  it('is private, lets nothing in, and out only to Consul, the admin port and SSM', () => {
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
    const [group, ...others] = propertiesOf(made, 'AWS::EC2::SecurityGroup');
    expect(others).toEqual([]);
    expect(group).not.toHaveProperty('SecurityGroupIngress');
    expect(group?.SecurityGroupEgress).toMatchObject([
      { DestinationSecurityGroupId: 'sg-0c0ffee0c0ffee001', FromPort: 8501, ToPort: 8501, IpProtocol: 'tcp' },
      { DestinationSecurityGroupId: 'sg-0c0ffee0c0ffee002', FromPort: 9998, ToPort: 9998, IpProtocol: 'tcp' },
      { DestinationSecurityGroupId: 'sg-0c0ffee0c0ffee003', FromPort: 443, ToPort: 443, IpProtocol: 'tcp' },
    ]);
    template.allResourcesProperties('AWS::Lambda::Function', {
      VpcConfig: { SubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b1c2d3e4f5061728'] },
    });
  });

  it('reaches networks and discovered load balancers on the ports that are named', () => {
    const haproxy = {
      addresses: ['consul:haproxy-admin'],
      peers: ['10.0.1.0/24'],
      ports: [9997, 9999],
      allowPlainText: true,
    };
    const [group] = propertiesOf(synthesise(exampleSettings({ haproxy })), 'AWS::EC2::SecurityGroup');
    expect(group?.SecurityGroupEgress).toMatchObject([
      { FromPort: 8501 },
      { CidrIp: '10.0.1.0/24', FromPort: 9997 },
      { CidrIp: '10.0.1.0/24', FromPort: 9999 },
      { FromPort: 443 },
    ]);
  });

  it('makes an SSM endpoint when asked to, whose one inbound rule is for the functions', () => {
    const own = synthesise(exampleSettings({ ssmEndpoint: { create: true } }));
    own.template.hasResourceProperties('AWS::EC2::VPCEndpoint', {
      VpcEndpointType: 'Interface',
      PrivateDnsEnabled: true,
      SubnetIds: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b1c2d3e4f5061728'],
    });
    const inbound = [
      ...propertiesOf(own, 'AWS::EC2::SecurityGroupIngress'),
      ...propertiesOf(own, 'AWS::EC2::SecurityGroup').flatMap((group) => group.SecurityGroupIngress ?? []),
    ];
    expect(inbound).toMatchObject([{ FromPort: 443, ToPort: 443, IpProtocol: 'tcp' }]);
    expect(JSON.stringify(inbound)).toContain('FunctionSecurityGroup');
  });

  it('reaches an SSM endpoint behind a prefix list', () => {
    const listed = synthesise(exampleSettings({ ssmEndpoint: { prefixListId: 'pl-0a1b2c3d' } }));
    expect(propertiesOf(listed, 'AWS::EC2::SecurityGroupEgress')).toMatchObject([
      { DestinationPrefixListId: 'pl-0a1b2c3d', FromPort: 443, ToPort: 443 },
    ]);
  });
});
