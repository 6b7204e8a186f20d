"""The network: a VPC without NAT where a stage can do without, and security groups by need."""

from __future__ import annotations

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk.stages import Stage

KAFKA_PORT = 9098
# Not the defaults: 27017 and 6379 are what scanners try first.
DATABASE_PORT = 27018
CACHE_PORT = 6380
HTTPS = ec2.Port.tcp(443)


class NetworkStack(Stack):
    """VPC, endpoints and security groups.

    `data_subnets` have no way out at all. `function_subnets` reach the outside either over IPv6 through an
    egress-only gateway or through NAT, because no VPC endpoint serves `@connections` of a WebSocket API.
    """

    def __init__(self, scope: Construct, stage: Stage) -> None:
        super().__init__(scope, "network")
        self._stage = stage
        self.vpc = self._make_vpc()
        self.data_subnets = self.vpc.select_subnets(subnet_group_name="data")
        self.function_subnets = self.vpc.select_subnets(subnet_group_name="functions")
        self.functions = self._group("Functions", "Every function: out to HTTPS")
        self.functions.add_egress_rule(ec2.Peer.any_ipv4(), HTTPS, "AWS endpoints")
        self.functions.add_egress_rule(ec2.Peer.any_ipv6(), HTTPS, "@connections over IPv6")
        self.kafka, self.kafka_clients = self._service("Kafka", KAFKA_PORT)
        self.database, self.database_clients = self._service("Database", DATABASE_PORT)
        self.cache, self.cache_clients = self._service("Cache", CACHE_PORT)
        self._let_pollers_in()
        self._make_endpoints()

    def _make_vpc(self) -> ec2.Vpc:
        network = self._stage.network
        nat = network.egress == "nat"
        subnets = [
            ec2.SubnetConfiguration(name="functions", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20),
            ec2.SubnetConfiguration(name="data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24),
        ]
        if nat:
            public = ec2.SubnetConfiguration(
                name="public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=26, map_public_ip_on_launch=False
            )
            subnets.append(public)
        vpc = ec2.Vpc(
            self,
            "Vpc",
            vpc_name=self._stage.resource("vpc"),
            ip_addresses=ec2.IpAddresses.cidr(network.cidr),
            ip_protocol=ec2.IpProtocol.IPV4_ONLY if nat else ec2.IpProtocol.DUAL_STACK,
            availability_zones=self._stage.zones,
            nat_gateways=network.nat_gateways if nat else 0,
            subnet_configuration=subnets,
            restrict_default_security_group=False,
        )
        if network.flow_logs:
            log = logs.LogGroup(
                self,
                "FlowLog",
                retention=logs.RetentionDays.ONE_MONTH,
                removal_policy=RemovalPolicy.DESTROY,
            )
            vpc.add_flow_log(
                "Flow",
                destination=ec2.FlowLogDestination.to_cloud_watch_logs(log),
                traffic_type=ec2.FlowLogTrafficType.REJECT,
            )
        return vpc

    def _group(self, name: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self, name, vpc=self.vpc, description=description, allow_all_outbound=False, disable_inline_rules=True
        )

    def _service(self, name: str, port: int) -> tuple[ec2.SecurityGroup, ec2.SecurityGroup]:
        server = self._group(name, f"{name}: in from its clients only")
        clients = self._group(f"{name}Clients", f"May open connections to {name}")
        server.add_ingress_rule(clients, ec2.Port.tcp(port), f"clients of {name}")
        clients.add_egress_rule(server, ec2.Port.tcp(port), name)
        return server, clients

    def _let_pollers_in(self) -> None:
        """Lambda's Kafka pollers stand in the brokers' own subnets and wear the brokers' own security group."""
        self.kafka.add_ingress_rule(self.kafka, ec2.Port.tcp(KAFKA_PORT), "event source pollers")
        self.kafka.add_egress_rule(self.kafka, ec2.Port.tcp(KAFKA_PORT), "event source pollers")

    def _make_endpoints(self) -> None:
        self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        group = self._group("Endpoints", "Interface endpoints: in from functions")
        group.add_ingress_rule(self.functions, HTTPS, "functions")
        subnets = self.function_subnets.subnets[: self._stage.network.endpoint_zones]
        self.vpc.add_interface_endpoint(
            "Secrets",
            service=ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
            subnets=ec2.SubnetSelection(subnets=subnets),
            security_groups=[group],
            open=False,
        )
