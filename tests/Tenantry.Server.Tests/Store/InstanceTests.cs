using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Model.Tenants;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Store;

public abstract class InstanceTests(IStorePlace place) : StoreTests(place)
{
    [Fact]
    public async Task WhatIsWrittenIsReadBackWhole()
    {
        await Fleet.SetUpAsync();
        await Fleet.AddTenantAsync("alice");
        var spec = Fleet.NewSpec("alice") with
        {
            Hosts = ["shop.example.org", "www.example.org"],
            Features = new Dictionary<string, string>(StringComparer.Ordinal) { ["beta"] = "on" },
            RestartNonce = 7,
        };
        var operation = Fleet.NewOperation(spec, OperationKind.Create);
        await Store.CreateInstanceAsync(spec, operation, null, Ct);

        var record = (await Store.FindInstanceAsync(spec.Id, Ct)).ShouldNotBeNull();
        record.ShouldSayTheSameAs(new InstanceRecord(spec, InstanceStatus.New(spec.Id, Time.GetUtcNow())));
        (await Store.FindInstanceBySlugAsync("alice", Ct)).ShouldSayTheSameAs(record);
        (await Store.FindOperationAsync(operation.Id, Ct)).ShouldSayTheSameAs(operation);

        var now = Time.GetUtcNow();
        var status = new InstanceStatus(
            spec.Id, InstancePhase.Running, InstanceHealth.Unhealthy, "It answers 500.", 1, "shop-1",
            [new Condition("Ready", false, "unhealthy", now)],
            [new ResourceObservation(new ResourceName("volume", "alice-data"), "mounted", "3 GB")],
            [new DriftItem("limit memory", "128 MB", "64 MB")],
            new Endpoint("127.0.0.1", 1880, 4711, "/run/ns"), 2, now.AddSeconds(5),
            new WakeRecord(now, InstancePhase.Frozen, 0.0004, 1.5), now);
        await Store.WriteStatusAsync(status, await Fleet.LeaseAsync(spec.Id), Ct);
        (await Store.FindInstanceAsync(spec.Id, Ct)).ShouldNotBeNull().Status.ShouldSayTheSameAs(status);
    }

    [Fact]
    public async Task OnlyADecisionThatIsInForceIsRenewedAndNobodyIsToldOrMadeDue()
    {
        await Fleet.SetUpAsync();
        var (alice, bob, carol, dave) = (await Fleet.AddInstanceAsync("alice"), await Fleet.AddInstanceAsync("bob"), await Fleet.AddInstanceAsync("carol"), await Fleet.AddInstanceAsync("dave"));
        var rest = new InstanceRest(DesiredState.Asleep, "idle", Time.GetUtcNow(), Time.GetUtcNow());
        foreach (var spec in (InstanceSpec[])[alice, bob, dave])
            (await Store.PutRestAsync(spec.Id, rest, null, 1, Ct)).ShouldBeTrue();
        await Fleet.ChangeAsync(dave.Id, OperationKind.Update, spec => spec with { Tier = "pro" });
        var before = await Store.ListChangesAsync(0, 100, Ct);
        var later = rest with { Reason = "still idle", At = rest.At.AddSeconds(2), IdleSince = rest.IdleSince.AddSeconds(1) };

        var left = await Store.RenewRestsAsync(
            [new(dave.Id, later, rest.At, 1), new(alice.Id, later, rest.At, 1), new(bob.Id, later, rest.At.AddSeconds(1), 1), new(carol.Id, later, rest.At, 1)], Ct);

        left.ShouldBe([bob.Id, carol.Id, dave.Id]);
        (await Store.ListChangesAsync(0, 100, Ct)).ShouldBe(before);
        (await Task.WhenAll(new[] { alice, bob, carol, dave }.Select(async spec => (await Store.FindInstanceAsync(spec.Id, Ct))!.Rest))).ShouldBe([later, rest, null, rest]);
    }

    [Fact]
    public async Task ATenantIsMadeWithItsInstanceOrNotAtAll()
    {
        await Fleet.SetUpAsync();
        await Fleet.AddInstanceAsync("bob");
        var tenant = new Tenant("alice", "Alice", "new-org", "", "", 1, Time.GetUtcNow());
        var taken = Fleet.NewSpec("alice") with { Slug = "bob", Organization = "new-org" };
        var free = Fleet.NewSpec("alice") with { Organization = "new-org" };

        await Should.ThrowAsync<StoreConflictException>(() => Store.CreateInstanceAsync(taken, Fleet.NewOperation(taken, OperationKind.Create), tenant, Ct));
        (await Store.FindTenantAsync("alice", Ct)).ShouldBeNull();
        (await Store.ListOrganizationsAsync(Ct)).ShouldNotContain(organization => organization.Name == "new-org");
        await Store.CreateInstanceAsync(free, Fleet.NewOperation(free, OperationKind.Create), tenant, Ct);

        (await Store.FindTenantAsync("alice", Ct)).ShouldBe(tenant);
        (await Store.FindInstanceBySlugAsync("alice", Ct)).ShouldNotBeNull();
    }

    [Fact]
    public async Task TheSlugIsUnique()
    {
        await Fleet.SetUpAsync();
        await Fleet.AddInstanceAsync("alice");
        await Fleet.AddTenantAsync("bob");
        var twin = Fleet.NewSpec("bob") with { Slug = "alice" };
        (await Should.ThrowAsync<StoreConflictException>(() => Store.CreateInstanceAsync(twin, Fleet.NewOperation(twin), null, Ct)))
            .Message.ShouldContain("'alice'");
        (await Store.FindInstanceAsync(twin.Id, Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task ATenantHasOneInstanceOfAnAppInAnEnvironment()
    {
        await Fleet.SetUpAsync();
        await Fleet.AddInstanceAsync("alice");
        var twin = Fleet.NewSpec("alice") with { Id = "other", Slug = "alice-2" };
        await Should.ThrowAsync<StoreConflictException>(() => Store.CreateInstanceAsync(twin, Fleet.NewOperation(twin), null, Ct));
        var staging = twin with { Environment = "staging" };
        await Store.CreateInstanceAsync(staging, Fleet.NewOperation(staging, OperationKind.Create), null, Ct);
    }

    [Fact]
    public async Task AHostLeadsToOneInstance()
    {
        await Fleet.SetUpAsync();
        await Fleet.AddTenantAsync("alice");
        await Fleet.AddTenantAsync("bob");
        var alice = Fleet.NewSpec("alice") with { Hosts = ["shop.example.org"] };
        await Store.CreateInstanceAsync(alice, Fleet.NewOperation(alice, OperationKind.Create), null, Ct);
        var bob = Fleet.NewSpec("bob") with { Hosts = ["shop.example.org"] };
        (await Should.ThrowAsync<StoreConflictException>(() => Store.CreateInstanceAsync(bob, Fleet.NewOperation(bob), null, Ct)))
            .Message.ShouldContain("'shop.example.org'");

        await Fleet.ChangeAsync(alice.Id, OperationKind.Update, spec => spec with { Hosts = ["new.example.org"] });
        await Store.CreateInstanceAsync(bob, Fleet.NewOperation(bob, OperationKind.Create), null, Ct);
        await Should.ThrowAsync<StoreConflictException>(
            () => Fleet.ChangeAsync(alice.Id, OperationKind.Update, spec => spec with { Hosts = ["new.example.org", "shop.example.org"] }));
        (await Store.FindInstanceAsync(alice.Id, Ct)).ShouldNotBeNull().Spec.Hosts.ShouldBe(["new.example.org"]);
    }

    [Fact]
    public async Task OfManyWhoTakeTheSameSlugAtOnceOneHasIt()
    {
        await Fleet.SetUpAsync();
        for (var i = 0; i < 8; i++)
            await Fleet.AddTenantAsync($"t{i}");
        var won = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            var spec = Fleet.NewSpec($"t{i}") with { Slug = "wanted", Hosts = ["wanted.example.org"] };
            try
            {
                await Store.CreateInstanceAsync(spec, Fleet.NewOperation(spec, OperationKind.Create), null, Ct);
                return 1;
            }
            catch (StoreConflictException)
            {
                return 0;
            }
        }));
        won.Sum().ShouldBe(1);
    }

    [Theory]
    [InlineData("tenant")]
    [InlineData("target")]
    [InlineData("release")]
    public async Task AnInstanceOfSomethingUnknownIsRefused(string what)
    {
        await Fleet.SetUpAsync();
        await Fleet.AddTenantAsync("alice");
        var spec = Fleet.NewSpec("alice");
        spec = what switch
        {
            "tenant" => spec with { Tenant = "nobody" },
            "target" => spec with { Target = "nobody" },
            _ => spec with { Release = "nobody" },
        };
        (await Should.ThrowAsync<StoreConflictException>(() => Store.CreateInstanceAsync(spec, Fleet.NewOperation(spec), null, Ct)))
            .Message.ShouldContain("'nobody'");
    }

    [Fact]
    public async Task AChangeGrowsTheGenerationAndEndsTheOperationBefore()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        var first = (await Store.FindOpenOperationAsync(spec.Id, Ct)).ShouldNotBeNull();
        var changed = await Fleet.ChangeAsync(spec.Id, OperationKind.Update, s => s with { Tier = "pro" });
        changed.Generation.ShouldBe(2);
        (await Store.FindInstanceAsync(spec.Id, Ct)).ShouldNotBeNull().Spec.ShouldSayTheSameAs(changed);

        var before = (await Store.FindOperationAsync(first.Id, Ct)).ShouldNotBeNull();
        before.State.ShouldBe(OperationState.Superseded);
        before.FinishedAt.ShouldBe(Time.GetUtcNow());
        var open = (await Store.FindOpenOperationAsync(spec.Id, Ct)).ShouldNotBeNull();
        (open.Generation, open.State).ShouldBe((2L, OperationState.Pending));
        await Should.ThrowAsync<StoreConflictException>(
            () => Store.UpdateInstanceAsync(spec with { Tier = "free" }, 1, Fleet.NewOperation(spec), Ct));
        (await Store.ListOperationsAsync(spec.Id, new PageRequest(), Ct)).Items.Select(o => o.Id).ShouldBe([open.Id, first.Id]);
    }

    [Fact]
    public async Task OfManyWhoChangeTheSameGenerationOneWins()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        var won = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                await Store.UpdateInstanceAsync(spec with { Tier = $"t{i}" }, 1, Fleet.NewOperation(spec), Ct);
                return 1;
            }
            catch (StoreConflictException)
            {
                return 0;
            }
        }));
        won.Sum().ShouldBe(1);
        (await Store.ListOperationsAsync(spec.Id, new PageRequest(), Ct)).Items.Count(o => o.FinishedAt is null).ShouldBe(1);
    }

    [Fact]
    public async Task WhatOutsideNamesHangOnCannotBeChanged()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        await Should.ThrowAsync<StoreConflictException>(() => Fleet.ChangeAsync(spec.Id, OperationKind.Update, s => s with { Slug = "bob" }));
    }

    [Fact]
    public async Task ADeletionCannotBeTakenBack()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        await Fleet.ChangeAsync(spec.Id, OperationKind.Delete, s => s with { Desired = DesiredState.Deleted });
        await Should.ThrowAsync<StoreConflictException>(
            () => Fleet.ChangeAsync(spec.Id, OperationKind.Update, s => s with { Desired = DesiredState.Running }));
    }

    [Fact]
    public async Task ARemovedInstanceLeavesNothingButItsOperations()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        var tenant = (await Store.FindTenantAsync("alice", Ct))!;
        await Store.UpdateTenantAsync(tenant with { Deleting = true }, tenant.Version, Ct);
        await Store.PutAsync(spec, "key", [1, 2]);
        await Store.RemoveInstanceAsync(spec.Id, await Fleet.LeaseAsync(spec.Id), Ct);

        (await Store.FindInstanceAsync(spec.Id, Ct)).ShouldBeNull();
        (await Store.FindTenantAsync("alice", Ct)).ShouldBeNull();
        (await Store.ListSecretsAsync(spec, Ct)).ShouldBeEmpty();
        (await Store.NextDueAsync("here", Ct)).ShouldBeNull();
        (await Store.ListOperationsAsync(spec.Id, new PageRequest(), Ct)).Items.ShouldHaveSingleItem().State.ShouldBe(OperationState.Superseded);
        await Fleet.AddInstanceAsync("alice");
    }

    [Fact]
    public async Task ATenantThatIsNotBeingDeletedStaysAfterItsLastInstance()
    {
        await Fleet.SetUpAsync();
        var spec = await Fleet.AddInstanceAsync("alice");
        await Store.RemoveInstanceAsync(spec.Id, await Fleet.LeaseAsync(spec.Id), Ct);
        (await Store.FindTenantAsync("alice", Ct)).ShouldNotBeNull();
    }

    [Fact]
    public async Task ATenantThatIsBeingDeletedTakesNoNewInstance()
    {
        await Fleet.SetUpAsync();
        var tenant = await Fleet.AddTenantAsync("alice");
        await Store.UpdateTenantAsync(tenant with { Deleting = true }, tenant.Version, Ct);
        var spec = Fleet.NewSpec("alice");
        await Should.ThrowAsync<StoreConflictException>(() => Store.CreateInstanceAsync(spec, Fleet.NewOperation(spec), null, Ct));
    }

    [Fact]
    public async Task AListIsNarrowedByEveryPartOfItsFilter()
    {
        await Fleet.SetUpAsync();
        await Store.PutTargetAsync(
            new TargetRecord("there", "fake", new Dictionary<string, string>(StringComparer.Ordinal), true, 1, 0, Time.GetUtcNow()), 0, Ct);
        foreach (var slug in new[] { "a", "b", "c", "d" })
            await Fleet.AddTenantAsync(slug);
        foreach (var (slug, target) in new[] { ("a", "here"), ("b", "there"), ("c", "here"), ("d", "here") })
        {
            var spec = Fleet.NewSpec(slug, target);
            await Store.CreateInstanceAsync(spec, Fleet.NewOperation(spec, OperationKind.Create), null, Ct);
        }
        (await SlugsAsync(new InstanceFilter())).ShouldBe(["a", "b", "c", "d"]);
        (await SlugsAsync(new InstanceFilter(Target: "here"))).ShouldBe(["a", "c", "d"]);
        (await SlugsAsync(new InstanceFilter(Tenant: "b", App: Fleet.App))).ShouldBe(["b"]);
        (await SlugsAsync(new InstanceFilter(Tenant: "b", Target: "here"))).ShouldBeEmpty();
        (await SlugsAsync(new InstanceFilter(Organization: "other"))).ShouldBeEmpty();
        var page = await Store.ListInstancesAsync(new InstanceFilter(Target: "here"), new PageRequest(2), Ct);
        page.Items.Select(item => item.Spec.Slug).ShouldBe(["a", "c"]);
        (await Store.ListInstancesAsync(new InstanceFilter(Target: "here"), new PageRequest(2, page.Next), Ct))
            .Items.Select(item => item.Spec.Slug).ShouldBe(["d"]);

        (await SlugsAsync(new InstanceFilter { Phase = InstancePhase.Pending, Health = InstanceHealth.Unknown })).ShouldBe(["a", "b", "c", "d"]);
        (await SlugsAsync(new InstanceFilter { Phase = InstancePhase.Running })).ShouldBeEmpty();
        (await SlugsAsync(new InstanceFilter { Text = "B" })).ShouldBe(["b"]);
        (await SlugsAsync(new InstanceFilter { Text = "%" })).ShouldBeEmpty();
        (await SlugsAsync(new InstanceFilter { Text = "_" })).ShouldBeEmpty();
        (await Store.ListInstancesAsync(new InstanceFilter(Target: "here"), new PageRequest(2) { Offset = 1 }, Ct))
            .Items.Select(item => item.Spec.Slug).ShouldBe(["c", "d"]);
        (await Store.CountInstancesAsync(new InstanceFilter(Target: "here"), Ct)).ShouldBe([new InstanceCount(InstancePhase.Pending, InstanceHealth.Unknown, 3, 0)]);
        (await Store.CountInstancesAsync(new InstanceFilter { Organizations = [] }, Ct)).ShouldBeEmpty();
    }

    private async Task<IEnumerable<string>> SlugsAsync(InstanceFilter filter) =>
        (await Store.ListInstancesAsync(filter, new PageRequest(), Ct)).Items.Select(item => item.Spec.Slug);
}

public sealed class SqliteInstanceTests() : InstanceTests(new SqlitePlace());

[Collection(PostgresCollection.Name)]
public sealed class PostgresInstanceTests(PostgresServer server) : InstanceTests(new PostgresPlace(server));
