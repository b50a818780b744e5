using System.Net;
using System.Net.Sockets;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Local.Networks;

namespace Tenantry.Targets.Tests.Local;

/// <summary>Rules for nft to the letter, and the names and addresses in them. That the kernel takes them and holds to them, the attacks show.</summary>
public sealed class EgressTextTests
{
    private static readonly EgressPlan Plan = EgressPlan.For("/var/lib/tenantry/targets/local");

    [Fact]
    public void TheHub() => EgressRuleset.Hub(Plan).ShouldBeGolden("egress-hub.nft");

    [Fact]
    public void TheHost() => (EgressRuleset.Host(Plan, ["eth0", "wg0"]) + EgressRuleset.RemoveHost(Plan)).ShouldBeGolden("egress-host.nft");

    [Fact]
    public void AnInstanceOnTheInternetOneWithAListAndOneThatGoes() => string.Join(
        "\n",
        EgressRuleset.Internet(EgressPlan.Of(0), [IPAddress.Parse("10.0.0.2"), IPAddress.Parse("1.1.1.1")]),
        EgressRuleset.List(EgressPlan.Of(1001), [new(IPNetwork.Parse("10.1.0.0/16"), 5432), new(IPNetwork.Parse("192.0.2.7/32"), null)]),
        EgressRuleset.Remove(EgressPlan.Of(7))).ShouldBeGolden("egress-instances.nft");

    [Fact]
    public void NoTwoInstancesHaveAnAddressABridgeHoldsAThousandAndEachIsInItsBridgesNetwork()
    {
        var links = Enumerable.Range(0, 5000).Select(EgressPlan.Of).ToList();
        links.Select(link => link.Address).Distinct().Count().ShouldBe(links.Count);
        links.Select(link => link.Link).Distinct(StringComparer.Ordinal).Count().ShouldBe(links.Count);
        links.GroupBy(link => link.Bridge, StringComparer.Ordinal).Max(bridge => bridge.Count()).ShouldBe(1000);
        foreach (var link in links)
        {
            link.Link.Length.ShouldBeLessThan(16, "the kernel's names are short");
            new IPNetwork(Masked(link.Gateway), EgressPlan.BridgePrefix).Contains(link.Address).ShouldBeTrue($"{link}");
            link.Address.ShouldNotBe(link.Gateway);
        }
    }

    [Fact]
    public void TwoTargetsOnOneMachineDoNotMeet()
    {
        var other = EgressPlan.For("/srv/other");
        (other.HostLink, other.HostTable).ShouldNotBe((Plan.HostLink, Plan.HostTable));
        EgressPlan.IsHostLink(Plan.HostLink).ShouldBeTrue();
        Plan.HostLink.Length.ShouldBeLessThan(16);
        (EgressPlan.IsInstanceLink("v12"), EgressPlan.IsInstanceLink("veth0"), EgressPlan.IsInstanceLink("v")).ShouldBe((true, false, false));
    }

    [Fact]
    public async Task AListsTextsBecomeNetworksAndNamesAreResolvedOnce()
    {
        var asked = new List<string>();
        var (openings, names) = await EgressTargets.ResolveAsync(
            ["10.0.0.0/8:5432", "192.0.2.7", "api.example.com:443", "api.example.org."],
            (name, _) =>
            {
                asked.Add(name);
                return Task.FromResult((IPAddress[])[IPAddress.Parse("93.184.216.35"), IPAddress.Parse("2001:db8::1"), IPAddress.Parse("10.2.3.4"), IPAddress.Parse("93.184.216.34")]);
            },
            CancellationToken.None);
        openings.Select(opening => $"{opening.Network} {opening.Port}").ShouldBe(
            ["10.0.0.0/8 5432", "192.0.2.7/32 ", "93.184.216.34/32 443", "93.184.216.35/32 443", "93.184.216.34/32 ", "93.184.216.35/32 "],
            "of what a name leads to, private addresses stay closed");
        names.Keys.ShouldBe(["api.example.com", "api.example.org"]);
        asked.ShouldBe(["api.example.com", "api.example.org"]);
    }

    [Fact]
    public async Task ANameWithoutAnIpv4AddressOrWithoutAnAnswerIsTriedAgainLater()
    {
        (await Refused((_, _) => Task.FromResult((IPAddress[])[IPAddress.Parse("2001:db8::1")]))).Message.ShouldContain("has no IPv4 address");
        var closed = await Refused((_, _) => Task.FromResult((IPAddress[])[IPAddress.Parse("10.0.0.5"), IPAddress.Parse("169.254.169.254"), IPAddress.Parse("100.64.0.1")]));
        closed.Message.ShouldContain("leads to 10.0.0.5, 100.64.0.1, 169.254.169.254: a name opens no private address");
        (await Refused((_, _) => throw new SocketException((int)SocketError.HostNotFound))).Message.ShouldContain("cannot be resolved");

        static async Task<TargetException> Refused(Func<string, CancellationToken, Task<IPAddress[]>> resolve)
        {
            var refused = await Should.ThrowAsync<TargetException>(() => EgressTargets.ResolveAsync(["nowhere.example"], resolve, CancellationToken.None));
            refused.Retryable.ShouldBeTrue();
            return refused;
        }
    }

    [Fact]
    public void Ipv6IsRefusedAndNamesAreToldFromAddresses()
    {
        Should.Throw<TargetException>(() => EgressTargets.Split("[2001:db8::1]:443")).Retryable.ShouldBeFalse();
        (EgressTargets.IsName("a.example:443"), EgressTargets.IsName("10.0.0.1:443"), EgressTargets.IsName("10.0.0.0/8")).ShouldBe((true, false, false));
    }

    [Fact]
    public void ARouteTableTellsThroughWhichLinkTheKernelSends()
    {
        const string Table = """
            Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
            eth0	00000000	0101A8C0	0003	0	0	100	00000000	0	0	0
            wg0	0000000A	00000000	0001	0	0	0	000000FF	0	0	0
            eth0	0001A8C0	00000000	0001	0	0	100	00FFFFFF	0	0	0
            """;
        Links("10.2.3.4").ShouldBe(["wg0"]);
        Links("8.8.8.8").ShouldBe(["eth0"]);
        Links("10.2.3.4", "10.9.9.9", "192.168.1.9").ShouldBe(["wg0", "eth0"]);
        (RouteTable.HasDefault(Table, "eth0"), RouteTable.HasDefault(Table, "wg0"), RouteTable.HasDefault("Iface\n", "eth0")).ShouldBe((true, false, false));
        RouteTable.LinksTo("Iface\tDestination\n", [IPAddress.Loopback]).ShouldBeEmpty();

        static IReadOnlyList<string> Links(params string[] addresses) => RouteTable.LinksTo(Table, addresses.Select(IPAddress.Parse));
    }

    [Fact]
    public void NameServersOnTheHostsOwnLoopbackAreNoneForAnInstance() =>
        Resolvers.Parse("# a comment\nnameserver 127.0.0.53\nnameserver\t10.0.0.2\nnameserver 2001:db8::1\nsearch example.com\nnameserver nonsense\noptions edns0\nnameserver 1.1.1.1 # two\n")
            .Select(address => $"{address}").ShouldBe(["10.0.0.2", "1.1.1.1"]);

    private static IPAddress Masked(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        bytes[2] &= 0xfc;
        bytes[3] = 0;
        return new IPAddress(bytes);
    }
}
