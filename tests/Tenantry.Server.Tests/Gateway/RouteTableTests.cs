using Tenantry.Model.Instances;
using Tenantry.Server.Gateway;
using Tenantry.Server.Instances;

namespace Tenantry.Server.Tests.Gateway;

public class RouteTableTests
{
    private static InstanceEntry Entry(
        string slug,
        InstancePhase phase = InstancePhase.Running,
        DesiredState desired = DesiredState.Running,
        bool hasEndpoint = true,
        params string[] hosts) =>
        new("id-" + slug, slug, slug, hosts, desired, phase, InstanceHealth.Healthy, hasEndpoint ? new Endpoint("127.0.0.1", 80) : null);

    [Fact]
    public void AnInstanceIsAtItsSlugAndAtItsOwnHosts()
    {
        var table = RouteTable.Of([Entry("alice", hosts: ["notes.example.com"]), Entry("bob")], "apps.example.org");

        table.Find("alice.apps.example.org")!.Slug.ShouldBe("alice");
        table.Find("Notes.Example.com:443")!.Slug.ShouldBe("alice");
        table.Find("bob.apps.example.org")!.Slug.ShouldBe("bob");
        table.Find("alice.localhost").ShouldBeNull();
        table.Find("").ShouldBeNull();
    }

    [Fact]
    public void AnOwnHostNeverTakesASlugsName()
    {
        var table = RouteTable.Of([Entry("eve", hosts: ["alice.localhost"]), Entry("alice")], "localhost");

        table.Find("alice.localhost")!.Slug.ShouldBe("alice");
    }

    [Theory]
    [InlineData(InstancePhase.Running, DesiredState.Running, true, RouteState.Open)]
    [InlineData(InstancePhase.Updating, DesiredState.Running, true, RouteState.Open)]
    [InlineData(InstancePhase.Updating, DesiredState.Running, false, RouteState.Updating)]
    [InlineData(InstancePhase.Running, DesiredState.Running, false, RouteState.WithoutPort)]
    [InlineData(InstancePhase.Pending, DesiredState.Running, false, RouteState.Starting)]
    [InlineData(InstancePhase.Provisioning, DesiredState.Running, true, RouteState.Starting)]
    [InlineData(InstancePhase.Frozen, DesiredState.Frozen, true, RouteState.Resting)]
    [InlineData(InstancePhase.Asleep, DesiredState.Asleep, false, RouteState.Resting)]
    [InlineData(InstancePhase.Failed, DesiredState.Running, true, RouteState.Open)]
    [InlineData(InstancePhase.Failed, DesiredState.Running, false, RouteState.Failed)]
    [InlineData(InstancePhase.Failed, DesiredState.Frozen, true, RouteState.Resting)]
    [InlineData(InstancePhase.Failed, DesiredState.Asleep, true, RouteState.Resting)]
    [InlineData(InstancePhase.Failed, DesiredState.Asleep, false, RouteState.Failed)]
    [InlineData(InstancePhase.Running, DesiredState.Deleted, true, RouteState.Leaving)]
    [InlineData(InstancePhase.Deleting, DesiredState.Deleted, true, RouteState.Leaving)]
    public void WhatWasSeenDecidesWhetherRequestsAreForwarded(InstancePhase phase, DesiredState desired, bool hasEndpoint, RouteState state)
    {
        var route = Route.To(Entry("alice", phase, desired, hasEndpoint));

        route.State.ShouldBe(state);
        (route.Endpoint is not null).ShouldBe(state == RouteState.Open || phase == InstancePhase.Frozen, "a thawed instance is reached as before");
    }

    [Theory]
    [InlineData(InstancePhase.Running, DesiredState.Running, RouteState.Elsewhere)]
    [InlineData(InstancePhase.Pending, DesiredState.Running, RouteState.Elsewhere)]
    [InlineData(InstancePhase.Frozen, DesiredState.Frozen, RouteState.Elsewhere)]
    [InlineData(InstancePhase.Deleting, DesiredState.Deleted, RouteState.Leaving)]
    public void AnInstanceOnTheMachineOfAnotherEngineIsNotReachedFromHere(InstancePhase phase, DesiredState desired, RouteState state)
    {
        var route = Route.To(Entry("alice", phase, desired) with { Elsewhere = "other-1" });

        route.State.ShouldBe(state);
        route.Endpoint.ShouldBeNull();
    }

    [Fact]
    public void EqualTablesAreTheSameAndOthersAreNot()
    {
        var table = RouteTable.Of([Entry("alice"), Entry("bob")], "localhost");

        table.SameAs(RouteTable.Of([Entry("bob"), Entry("alice")], "localhost")).ShouldBeTrue();
        table.SameAs(RouteTable.Of([Entry("alice")], "localhost")).ShouldBeFalse();
        table.SameAs(RouteTable.Of([Entry("alice"), Entry("carol")], "localhost")).ShouldBeFalse();
        table.SameAs(RouteTable.Of([Entry("alice"), Entry("bob", InstancePhase.Asleep)], "localhost")).ShouldBeFalse();
    }
}
