using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Store;

public abstract class LeaseTests(IStorePlace place) : StoreTests(place)
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task OneHolderAtATimeAndEachTakingHasAGreaterToken()
    {
        var first = (await Store.TryAcquireLeaseAsync("role", "a", Short, Ct)).ShouldNotBeNull();
        first.ExpiresAt.ShouldBe(Time.GetUtcNow() + Short);
        (await Store.TryAcquireLeaseAsync("role", "b", Short, Ct)).ShouldBeNull();
        (await Store.TryAcquireLeaseAsync("role", "a", Short, Ct)).ShouldNotBeNull();

        Time.Advance(Short);
        var second = (await Store.TryAcquireLeaseAsync("role", "b", Short, Ct)).ShouldNotBeNull();
        second.Token.ShouldBeGreaterThan(first.Token);
        (await Store.RenewLeaseAsync(first, Short, Ct)).ShouldBeNull();
        await Store.ReleaseLeaseAsync(first, Ct);
        (await Store.TryAcquireLeaseAsync("role", "c", Short, Ct)).ShouldBeNull();

        await Store.ReleaseLeaseAsync(second, Ct);
        var third = (await Store.TryAcquireLeaseAsync("role", "c", Short, Ct)).ShouldNotBeNull();
        third.Token.ShouldBeGreaterThan(second.Token);
        (await Store.RenewLeaseAsync(second, Short, Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task ARenewedLeaseLastsLonger()
    {
        var lease = (await Store.TryAcquireLeaseAsync("role", "a", Short, Ct)).ShouldNotBeNull();
        Time.Advance(TimeSpan.FromSeconds(20));
        (await Store.RenewLeaseAsync(lease, Short, Ct)).ShouldNotBeNull().Token.ShouldBe(lease.Token);
        Time.Advance(TimeSpan.FromSeconds(20));
        (await Store.TryAcquireLeaseAsync("role", "b", Short, Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task OfManyWhoWantALeaseAtOnceOneHasIt()
    {
        var leases = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Store.TryAcquireLeaseAsync("role", $"h{i}", Short, Ct)));
        leases.Count(lease => lease is not null).ShouldBe(1);
    }

    [Fact]
    public async Task LateWritersAreRefusedAndChangeNothing()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        var operation = (await Store.FindOpenOperationAsync(spec.Id, Ct)).ShouldNotBeNull();
        var late = await Fleet.LeaseAsync(spec.Id, "slow");
        Time.Advance(Short);
        await Fleet.LeaseAsync(spec.Id, "quick");
        var before = (await Store.FindInstanceAsync(spec.Id, Ct)).ShouldNotBeNull();
        var status = before.Status with { Phase = InstancePhase.Running, ObservedGeneration = 1 };

        await Should.ThrowAsync<LeaseLostException>(() => Store.WriteStatusAsync(status, late, Ct));
        await Should.ThrowAsync<LeaseLostException>(
            () => Store.WriteOperationAsync(operation with { State = OperationState.Succeeded }, late, Ct));
        await Should.ThrowAsync<LeaseLostException>(() => Store.RemoveInstanceAsync(spec.Id, late, Ct));
        await Should.ThrowAsync<LeaseLostException>(() => Store.FinishPassAsync(new PassOutcome(late, status, null), Ct));
        await Store.FinishLooksAsync([new QuietLook(late, Time.GetUtcNow().AddHours(1))], Ct);

        (await Store.FindInstanceAsync(spec.Id, Ct)).ShouldSayTheSameAs(before);
        (await Store.FindOperationAsync(operation.Id, Ct)).ShouldSayTheSameAs(operation);
        (await Store.TryAcquireLeaseAsync(spec.Id, "third", Short, Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task AReleasedLeaseWritesNothingMore()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        var lease = await Fleet.LeaseAsync(spec.Id);
        await Store.ReleaseLeaseAsync(lease, Ct);
        await Should.ThrowAsync<LeaseLostException>(() => Store.WriteStatusAsync(InstanceStatus.New(spec.Id, Time.GetUtcNow()), lease, Ct));
    }

    [Fact]
    public async Task AnOperationThatEndedStaysAsItEnded()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        var operation = (await Store.FindOpenOperationAsync(spec.Id, Ct)).ShouldNotBeNull();
        await Fleet.ChangeAsync(spec.Id, OperationKind.Update, s => s with { Tier = "pro" });
        var lease = await Fleet.LeaseAsync(spec.Id);
        await Store.WriteOperationAsync(operation with { State = OperationState.Succeeded }, lease, Ct);
        (await Store.FindOperationAsync(operation.Id, Ct)).ShouldNotBeNull().State.ShouldBe(OperationState.Superseded);
    }

    [Fact]
    public async Task ANewInstanceIsDueAndRestsAfterItsStatus()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        await DueAsync("id-alice");
        var lease = await Fleet.LeaseAsync(spec.Id);
        await DueAsync();
        await Store.FinishPassAsync(new PassOutcome(lease, Seen(spec.Id, 1, TimeSpan.FromMinutes(5)), null), Ct);
        await DueAsync();
        (await Store.NextDueAsync("here", Ct)).ShouldBe(Time.GetUtcNow().AddMinutes(5));
        Time.Advance(TimeSpan.FromMinutes(5));
        await DueAsync("id-alice");
        (await Store.ListDueAsync("here", Time.GetUtcNow(), 10, Ct)).ShouldHaveSingleItem().Settled.ShouldBeTrue();
    }

    [Fact]
    public async Task AChangeDuringTheWorkIsNotCoveredUpByItsStatus()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        var lease = await Fleet.LeaseAsync(spec.Id);
        await Fleet.ChangeAsync(spec.Id, OperationKind.Update, s => s with { Tier = "pro" });
        await Store.FinishPassAsync(new PassOutcome(lease, Seen(spec.Id, 1, TimeSpan.FromMinutes(5)), null), Ct);
        await DueAsync("id-alice");

        lease = await Fleet.LeaseAsync(spec.Id);
        await Store.PutAsync(spec, "key", [1]);
        await Store.FinishPassAsync(new PassOutcome(lease, Seen(spec.Id, 2, TimeSpan.FromMinutes(5)), null), Ct);
        (await Store.FindInstanceAsync(spec.Id, Ct)).ShouldNotBeNull().Spec.Generation.ShouldBe(3);
        await DueAsync("id-alice");

        var claimed = (await Store.ClaimInstancesAsync([spec.Id], "w", Short, Ct)).ShouldHaveSingleItem();
        await Store.PutAsync(spec, "key", [2]);
        await Store.FinishLooksAsync([new QuietLook(claimed.Lease, Time.GetUtcNow().AddMinutes(5))], Ct);
        await DueAsync("id-alice");
    }

    [Fact]
    public async Task AnEngineMayAddSecretsInTheMiddleOfItsWork()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        var lease = await Fleet.LeaseAsync(spec.Id);
        await Store.AddSecretAsync(FleetSecrets.Secret(spec, "key", [1], generated: true), Ct);
        await Store.FinishPassAsync(new PassOutcome(lease, Seen(spec.Id, 1, TimeSpan.FromMinutes(5)), null), Ct);
        await DueAsync();
    }

    [Fact]
    public async Task WhatWasGivenUpIsDueAtOnceAndWhatWasLeftBehindWhenItsLeaseEnds()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        await Store.ReleaseLeaseAsync(await Fleet.LeaseAsync(spec.Id), Ct);
        await DueAsync("id-alice");

        var left = await Fleet.LeaseAsync(spec.Id);
        Time.Advance(TimeSpan.FromSeconds(20));
        left = (await Store.RenewLeaseAsync(left, Short, Ct)).ShouldNotBeNull();
        (await Store.NextDueAsync("here", Ct)).ShouldBe(left.ExpiresAt);
        Time.Advance(TimeSpan.FromSeconds(29));
        await DueAsync();
        Time.Advance(TimeSpan.FromSeconds(1));
        await DueAsync("id-alice");
    }

    [Fact]
    public async Task TheLeasesOfADeadRunAreFreedAtOnce()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        await Fleet.AddInstanceAsync("bob");
        var dead = await Fleet.LeaseAsync(spec.Id, "node1/7/x");
        await Fleet.LeaseAsync("id-bob", "node2/7/x");
        await DueAsync();
        (await Store.DropLeasesAsync("node1/", Ct)).ShouldBe(1);
        await DueAsync("id-alice");
        await Should.ThrowAsync<LeaseLostException>(() => Store.WriteStatusAsync(Seen(spec.Id, 1, Short), dead, Ct));
        (await Fleet.LeaseAsync(spec.Id, "node1/8/y")).Token.ShouldBeGreaterThan(dead.Token);
    }

    [Fact]
    public async Task AClaimTakesWhatIsFreeAndExists()
    {
        await Fleet.SetUpAsync();
        foreach (var slug in new[] { "a", "b", "c" })
            await Fleet.AddInstanceAsync(slug);
        await Fleet.LeaseAsync("id-b");
        var claimed = await Store.ClaimInstancesAsync(["id-a", "id-b", "id-c", "id-none"], "w", Short, Ct);
        claimed.Select(claim => claim.Record.Spec.Slug).Order(StringComparer.Ordinal).ShouldBe(["a", "c"]);
        (await Store.ClaimInstancesAsync(["id-a"], "w", Short, Ct)).ShouldBeEmpty();

        var next = Time.GetUtcNow().AddMinutes(5);
        await Store.FinishLooksAsync([.. claimed.Select(claim => new QuietLook(claim.Lease, next))], Ct);
        (await Store.FindInstanceAsync("id-a", Ct)).ShouldNotBeNull().Status.NextLookAt.ShouldBe(next);
        (await Store.ClaimInstancesAsync(["id-a"], "other", Short, Ct)).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task WhatIsAtHomeAtAnotherNodeIsNeitherDueNorClaimedHere()
    {
        await Fleet.SetUpAsync();
        await Fleet.AddInstanceAsync("a");

        (await Store.SettleTargetAsync(Fleet.Target, "here", replace: false, Ct)).ShouldBe("here");
        (await Store.SettleTargetAsync(Fleet.Target, "there", replace: false, Ct)).ShouldBe("here");

        await DueAsync("id-a");
        (await Store.ListDueAsync("there", Time.GetUtcNow(), 10, Ct)).ShouldBeEmpty();
        (await Store.NextDueAsync("there", Ct)).ShouldBeNull();
        (await Store.ClaimInstancesAsync(["id-a"], "there/run", Short, Ct)).ShouldBeEmpty();
        var claimed = (await Store.ClaimInstancesAsync(["id-a"], "here/run", Short, Ct)).ShouldHaveSingleItem();
        await Store.FinishLooksAsync([new QuietLook(claimed.Lease, Time.GetUtcNow().AddMinutes(5))], Ct);

        (await Store.SettleTargetAsync(Fleet.Target, "there", replace: true, Ct)).ShouldBe("there");
        await DueAsync();
        (await Store.ListDueAsync("there", Time.GetUtcNow(), 10, Ct)).ShouldHaveSingleItem().Id.ShouldBe("id-a");
        (await Store.FindTargetAsync(Fleet.Target, Ct)).ShouldNotBeNull().Home.ShouldBe("there");
        (await Store.SettleTargetAsync("nowhere", "there", replace: true, Ct)).ShouldBe("");
    }

    [Fact]
    public async Task EnginesOnOneStoreKnowOfEachOtherUntilOneIsGoneForAMinute()
    {
        using var first = new OtherEngines(Store, "first", Time, NullLogger<OtherEngines>.Instance);
        using var second = new OtherEngines(Store, "second", Time, NullLogger<OtherEngines>.Instance);

        await first.LookAsync(Ct);
        first.Names.ShouldBeEmpty();
        await second.LookAsync(Ct);
        await first.LookAsync(Ct);
        first.Names.ShouldBe(["second"]);
        second.Names.ShouldBe(["first"]);
        Time.Advance(TimeSpan.FromSeconds(61));
        await first.LookAsync(Ct);

        first.Names.ShouldBeEmpty();
    }

    [Fact]
    public async Task TheOldestIsDueFirst()
    {
        await Fleet.SetUpAsync();
        foreach (var (slug, minutes) in new[] { ("a", 3), ("b", 1), ("c", 2) })
        {
            var spec = await Fleet.AddInstanceAsync(slug);
            await Store.FinishPassAsync(
                new PassOutcome(await Fleet.LeaseAsync(spec.Id), Seen(spec.Id, 1, TimeSpan.FromMinutes(minutes)), null), Ct);
        }
        Time.Advance(TimeSpan.FromMinutes(2));
        await DueAsync("id-b", "id-c");
        (await Store.ListDueAsync("here", Time.GetUtcNow(), 1, Ct)).ShouldHaveSingleItem().Id.ShouldBe("id-b");
    }

    private InstanceStatus Seen(string id, long generation, TimeSpan next) => InstanceStatus.New(id, Time.GetUtcNow()) with
    {
        Phase = InstancePhase.Running,
        Health = InstanceHealth.Healthy,
        ObservedGeneration = generation,
        NextLookAt = Time.GetUtcNow() + next,
    };

    private async Task DueAsync(params string[] ids) =>
        (await Store.ListDueAsync("here", Time.GetUtcNow(), 10, Ct)).Select(due => due.Id).ShouldBe(ids);
}

public sealed class SqliteLeaseTests() : LeaseTests(new SqlitePlace());

[Collection(PostgresCollection.Name)]
public sealed class PostgresLeaseTests(PostgresServer server) : LeaseTests(new PostgresPlace(server));
