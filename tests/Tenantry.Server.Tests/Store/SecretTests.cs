using Tenantry.Model.Manifests;
using Tenantry.Model.Operations;
using Tenantry.Model.Instances;
using Tenantry.Server.Store;
using Tenantry.Server.Store.Connections;
using Tenantry.Server.Store.Migrations;

namespace Tenantry.Server.Tests.Store;

/// <summary>Sealed values at their levels with their versions, and data keys.</summary>
public abstract class SecretTests(IStorePlace place) : StoreTests(place)
{
    [Fact]
    public async Task ASecretsVersionGrowsAndAddingKeepsWhatIsThere()
    {
        var spec = await AliceAsync();
        (await Store.AddSecretAsync(FleetSecrets.Secret(spec, "key", [0, 1, 255], generated: true), Ct)).Version.ShouldBe(1);
        var kept = await Store.AddSecretAsync(FleetSecrets.Secret(spec, "key", [9]), Ct);
        (kept.Value, kept.Generated).ShouldSayTheSameAs(((byte[])[0, 1, 255], true));
        var put = await Store.PutAsync(spec, "key", [7]);
        (put.Version, put.Generated).ShouldBe((2L, false));
        (await Store.ListSecretsAsync(spec, Ct)).ShouldHaveSingleItem().Value.ShouldBe([7]);
        (await Store.DeleteSecretAsync(put.Place, Ct)).ShouldBeTrue();
        (await Store.DeleteSecretAsync(put.Place, Ct)).ShouldBeFalse();
        (await Store.ListSecretVersionsAsync(put.Place, Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task TwoWhoGenerateTheSameSecretEndWithOneValue()
    {
        var spec = await AliceAsync();
        var secrets = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Store.AddSecretAsync(FleetSecrets.Secret(spec, "key", [(byte)i], generated: true), Ct)));
        secrets.Select(secret => secret.Value[0]).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task WhoWritesTheSameSecretAtTheSameTimeEachWritesAVersion()
    {
        var spec = await AliceAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Store.PutAsync(spec, "key", [(byte)i])));
        (await Store.ListSecretVersionsAsync(SecretPlace.Of(spec, SecretScope.Instance, "key"), Ct)).Select(one => one.Version).ShouldBe([8, 7, 6, 5, 4, 3, 2, 1]);
        (await Store.ListSecretsAsync(spec, Ct)).ShouldHaveSingleItem().Version.ShouldBe(8);
    }

    [Fact]
    public async Task ASecretOfNobodyIsRefused()
    {
        var spec = await AliceAsync();
        foreach (var scope in Enum.GetValues<SecretScope>())
        {
            var nobody = new NewSecret(new SecretPlace(scope, "none", Fleet.App, "key"), "tenant:none", [1], false);
            await Should.ThrowAsync<StoreConflictException>(() => Store.PutSecretsAsync([FleetSecrets.Secret(spec, "other", [1]), nobody], Ct));
        }

        (await Store.ListSecretsAsync(spec, Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task EachLevelHasAValueOfItsOwnAndAnotherTenantsIsNotAmongThem()
    {
        var spec = await AliceAsync();
        var bob = await Fleet.AddInstanceAsync("bob");
        byte number = 0;
        foreach (var scope in Enum.GetValues<SecretScope>())
            await Store.PutAsync(spec, "key", [++number], scope);
        await Store.PutAsync(bob, "key", [100]);

        (await Store.ListSecretsAsync(spec, Ct)).OrderBy(one => one.Place.Scope).Select(one => (one.Place.Scope, one.Value[0])).ShouldBe(
            [(SecretScope.App, (byte)1), (SecretScope.Organization, (byte)2), (SecretScope.Tenant, (byte)3), (SecretScope.Instance, (byte)4)]);
        (await Store.ListSecretsAsync(bob, Ct)).OrderBy(one => one.Place.Scope).Select(one => one.Value[0]).ShouldBe([(byte)1, (byte)2, (byte)100]);
        (await Store.ListAppSecretsAsync(Fleet.App, Ct)).Count.ShouldBe(5);
    }

    [Theory]
    [InlineData(SecretScope.Instance, 2, 1)]
    [InlineData(SecretScope.Tenant, 2, 1)]
    [InlineData(SecretScope.Organization, 2, 2)]
    [InlineData(SecretScope.App, 2, 2)]
    public async Task AChangeIsSeenByTheInstancesThatUseIt(SecretScope scope, long alice, long bob)
    {
        var spec = await AliceAsync();
        var other = await Fleet.AddInstanceAsync("bob");
        await Store.PutSecretsAsync([FleetSecrets.Secret(spec, "key", [1], scope), FleetSecrets.Secret(spec, "other", [1], scope)], Ct);
        (await Store.FindInstanceAsync(spec.Id, Ct))!.Spec.Generation.ShouldBe(alice);
        (await Store.FindInstanceAsync(other.Id, Ct))!.Spec.Generation.ShouldBe(bob);
    }

    // All instances were restarted at once, and a bad value took them all down.
    [Fact]
    public async Task AValueThatSeveralShareIsTakenByOneAfterTheOtherAndByNobodyMoreWhenOneIsNotWell()
    {
        var alice = await AliceAsync();
        var (bob, carol, dora) = (await Fleet.AddInstanceAsync("bob"), await Fleet.AddInstanceAsync("carol"), await Fleet.AddInstanceAsync("dora"));
        await Store.PutAsync(alice, "key", [1], SecretScope.App);
        foreach (var spec in (InstanceSpec[])[alice, bob, carol])
            await EndAsync(spec);
        var before = await GenerationsAsync(alice, bob, carol, dora);

        await Store.PutAsync(alice, "key", [2], SecretScope.App);

        // Dora does not work and has nothing to lose.
        (await GenerationsAsync(alice, bob, carol, dora)).ShouldBe([before[0] + 1, before[1], before[2], before[3] + 1]);
        (await HasAsync(alice, bob, carol, dora)).ShouldBe([2, 1, 1, 2]);
        (await Store.ListSecretTurnsAsync(Fleet.App, Ct)).Select(turn => (turn.InstanceId, turn.Version)).ShouldBe([(bob.Id, 1L), (carol.Id, 1L)]);
        await EndAsync(alice);
        (await HasAsync(alice, bob, carol)).ShouldBe([2, 2, 1]);
        await EndAsync(bob, InstanceHealth.Unhealthy);
        (await HasAsync(alice, bob, carol)).ShouldBe([2, 2, 1]);

        // A better value: who is ill takes it at once, and the others go on when it helps.
        await Store.PutAsync(alice, "key", [3], SecretScope.App);
        (await HasAsync(alice, bob, carol, dora)).ShouldBe([2, 3, 1, 3]);
        await EndAsync(bob);
        (await HasAsync(alice, bob, carol)).ShouldBe([3, 3, 1]);
        await EndAsync(alice);
        (await HasAsync(alice, bob, carol)).ShouldBe([3, 3, 3]);
        await EndAsync(carol);
        (await Store.ListSecretTurnsAsync(Fleet.App, Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task TheTurnGoesOnWhenWhoHasItIsRemovedAndWhatIsTakenAwayIsGoneForAllAtOnce()
    {
        var alice = await AliceAsync();
        var (bob, carol) = (await Fleet.AddInstanceAsync("bob"), await Fleet.AddInstanceAsync("carol"));
        await Store.PutAsync(alice, "key", [1], SecretScope.Organization);
        foreach (var spec in (InstanceSpec[])[alice, bob, carol])
            await EndAsync(spec);
        await Store.PutAsync(alice, "key", [2], SecretScope.Organization);

        await Fleet.ChangeAsync(alice.Id, OperationKind.Delete, spec => spec with { Desired = DesiredState.Deleted });
        await Store.RemoveInstanceAsync(alice.Id, await Fleet.LeaseAsync(alice.Id), Ct);

        (await HasAsync(bob, carol)).ShouldBe([2, 1]);
        // Its own value and the shared one in one change: no turn is waited for, and it changes once.
        var before = await GenerationsAsync(carol);
        await Store.PutSecretsAsync([FleetSecrets.Secret(carol, "own", [9]), FleetSecrets.Secret(carol, "key", [3], SecretScope.Organization)], Ct);
        (await GenerationsAsync(carol)).ShouldBe([before[0] + 1]);
        (await Store.ListSecretsAsync(carol, Ct)).Select(one => one.Value[0]).ShouldBe([(byte)3, (byte)9]);
        await Store.DeleteSecretAsync(SecretPlace.Of(bob, SecretScope.Organization, "key"), Ct);
        (await Store.ListSecretsAsync(bob, Ct)).ShouldBeEmpty();
        (await Store.ListSecretTurnsAsync(Fleet.App, Ct)).ShouldBeEmpty();
    }

    private async Task EndAsync(InstanceSpec spec, InstanceHealth health = InstanceHealth.Healthy)
    {
        var (present, status) = (await Store.FindInstanceAsync(spec.Id, Ct))!;
        var well = status with { Phase = InstancePhase.Running, Health = health, ObservedGeneration = present.Generation };
        await Store.FinishPassAsync(new PassOutcome(await Fleet.LeaseAsync(spec.Id), well, null), Ct);
    }

    private async Task<long[]> GenerationsAsync(params InstanceSpec[] specs)
    {
        var generations = new List<long>();
        foreach (var spec in specs)
            generations.Add((await Store.FindInstanceAsync(spec.Id, Ct))!.Spec.Generation);
        return [.. generations];
    }

    private async Task<int[]> HasAsync(params InstanceSpec[] specs)
    {
        var values = new List<int>();
        foreach (var spec in specs)
            values.Add((await Store.ListSecretsAsync(spec, Ct)).ShouldHaveSingleItem().Value[0]);
        return [.. values];
    }

    [Fact]
    public async Task AnOlderVersionComesBackAsANewOneAndOnlySomeAreKept()
    {
        var spec = await AliceAsync();
        for (byte i = 1; i <= SealedSecret.KeptVersions + 3; i++)
            await Store.PutAsync(spec, "key", [i]);
        var place = SecretPlace.Of(spec, SecretScope.Instance, "key");

        (await Store.RollBackSecretAsync(place, 2, Ct)).ShouldBeNull();
        var back = (await Store.RollBackSecretAsync(place, 5, Ct)).ShouldNotBeNull();

        (back.Version, back.Value[0], back.RestoredFrom).ShouldBe((SealedSecret.KeptVersions + 4, (byte)5, 5));
        (await Store.ListSecretsAsync(spec, Ct)).ShouldHaveSingleItem().ShouldSayTheSameAs(back);
        (await Store.ListSecretVersionsAsync(place, Ct)).Count.ShouldBe(SealedSecret.KeptVersions + 1);
        (await Store.FindInstanceAsync(spec.Id, Ct))!.Spec.Generation.ShouldBe(SealedSecret.KeptVersions + 5);
    }

    [Fact]
    public async Task SealingAnewChangesNoVersionAndNeverTakesALaterValueBack()
    {
        var spec = await AliceAsync();
        var first = await Store.PutAsync(spec, "key", [1, 1]);
        (await Store.ListSecretsInFormAsync(1, Ct)).ShouldHaveSingleItem().ShouldSayTheSameAs(first);
        await Store.ResealSecretAsync(first, [2, 1], Ct);
        await Store.ResealSecretAsync(first, [2, 2], Ct);
        (await Store.ListSecretsAsync(spec, Ct)).ShouldHaveSingleItem().Value.ShouldBe([2, 1]);
        (await Store.FindInstanceAsync(spec.Id, Ct))!.Spec.Generation.ShouldBe(2);
        (await Store.ListSecretsInFormAsync(1, Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task ADataKeyIsMadeOnceAndDestroyedWithItsTenant()
    {
        await Fleet.SetUpAsync();
        await Fleet.AddTenantAsync("alice");
        var made = await Store.AddDataKeyAsync(Key("tenant:alice", [1]), Ct);
        (await Store.AddDataKeyAsync(Key("tenant:alice", [2]), Ct)).Public.ShouldBe(made.Public);
        var secret = new NewSecret(new SecretPlace(SecretScope.Tenant, "alice", Fleet.App, "key"), "tenant:alice", [7], false);
        await Store.PutSecretsAsync([secret], Ct);

        (await Store.DeleteTenantAsync("alice", Ct)).ShouldBeTrue();

        (await Store.FindDataKeyAsync("tenant:alice", Ct)).ShouldBeNull();
        (await Store.ListSecretVersionsAsync(secret.Place, Ct)).ShouldBeEmpty();
        await Should.ThrowAsync<StoreConflictException>(() => Store.AddDataKeyAsync(Key("tenant:alice", [3]), Ct));
        await Should.ThrowAsync<StoreConflictException>(() => Store.AddDataKeyAsync(Key("nobody", [3]), Ct));
    }

    [Fact]
    public async Task ADataKeyIsDestroyedWithTheLastInstanceOfATenantThatIsBeingRemoved()
    {
        var spec = await AliceAsync();
        await Store.AddDataKeyAsync(Key("tenant:alice", [1]), Ct);
        await Store.PutAsync(spec, "key", [1], SecretScope.Tenant);
        var tenant = (await Store.FindTenantAsync("alice", Ct))!;
        await Store.UpdateTenantAsync(tenant with { Deleting = true }, tenant.Version, Ct);
        await Fleet.ChangeAsync(spec.Id, OperationKind.Delete, s => s with { Desired = DesiredState.Deleted });
        await Store.RemoveInstanceAsync(spec.Id, await Fleet.LeaseAsync(spec.Id), Ct);
        (await Store.FindDataKeyAsync("tenant:alice", Ct)).ShouldBeNull();
        (await Store.ListAppSecretsAsync(Fleet.App, Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task AnAppsSecretsAndDataKeyGoWithIt()
    {
        await Fleet.SetUpAsync();
        await Store.AddDataKeyAsync(Key("app:shop", [1]), Ct);
        await Store.PutSecretsAsync([new NewSecret(new SecretPlace(SecretScope.App, "shop", "shop", "key"), "app:shop", [1], false)], Ct);
        (await Store.DeleteAppAsync("shop", Ct)).ShouldBeTrue();
        (await Store.FindDataKeyAsync("app:shop", Ct)).ShouldBeNull();
        (await Store.ListAppSecretsAsync("shop", Ct)).ShouldBeEmpty();
    }

    [Fact]
    public async Task TheEngineKeyIsReplacedOnlyWhenEverythingIsUnderTheNewOne()
    {
        await Fleet.SetUpAsync();
        await Store.ClaimEngineKeyAsync("old", replace: false, Ct);
        await Fleet.AddTenantAsync("alice");
        var key = await Store.AddDataKeyAsync(Key("tenant:alice", [1], "old"), Ct);
        (await Store.ListDataKeysOtherThanAsync("new", 10, Ct)).ShouldHaveSingleItem().ShouldSayTheSameAs(key);
        (await Store.ReplaceEngineKeyAsync("old", "new", Ct)).ShouldBeFalse();

        (await Store.RewrapDataKeyAsync(key with { Wrapped = [8], EngineKey = "new" }, "older", Ct)).ShouldBeFalse();
        (await Store.RewrapDataKeyAsync(key with { Wrapped = [9], EngineKey = "new" }, "old", Ct)).ShouldBeTrue();

        (await Store.FindDataKeyAsync("tenant:alice", Ct))!.Wrapped.ShouldBe([9]);
        (await Store.ReplaceEngineKeyAsync("old", "new", Ct)).ShouldBeTrue();
        (await Store.FindEngineKeyAsync(Ct)).ShouldBe("new");
        (await Store.ReplaceEngineKeyAsync("old", "new", Ct)).ShouldBeTrue();
        await Should.ThrowAsync<StoreConflictException>(async () =>
        {
            await Store.RewrapDataKeyAsync(key with { EngineKey = "newest" }, "new", Ct);
            await Store.ReplaceEngineKeyAsync("old", "newest", Ct);
        });
    }

    [Fact]
    public async Task TheFirstEngineKeyStaysUntilAnotherIsAcceptedWhichLeavesTheOldDataKeysBehind()
    {
        await Fleet.SetUpAsync();
        await Fleet.AddTenantAsync("alice");
        (await Store.FindEngineKeyAsync(Ct)).ShouldBeNull();
        (await Store.ClaimEngineKeyAsync("one", replace: false, Ct)).ShouldBe("one");
        await Store.AddDataKeyAsync(Key("tenant:alice", [1], "one"), Ct);
        (await Store.ClaimEngineKeyAsync("two", replace: false, Ct)).ShouldBe("one");
        (await Store.FindDataKeyAsync("tenant:alice", Ct)).ShouldNotBeNull();
        (await Store.ClaimEngineKeyAsync("two", replace: true, Ct)).ShouldBe("two");
        (await Store.FindDataKeyAsync("tenant:alice", Ct)).ShouldBeNull();
        (await Store.ClaimEngineKeyAsync("one", replace: false, Ct)).ShouldBe("two");
    }

    protected async Task<InstanceSpec> AliceAsync()
    {
        await Fleet.SetUpAsync();
        return await Fleet.AddInstanceAsync("alice");
    }

    private DataKey Key(string holder, byte[] point, string engineKey = "old") => new(holder, point, [0], engineKey, Time.GetUtcNow());
}

public sealed class SqliteSecretTests() : SecretTests(new SqlitePlace());

[Collection(PostgresCollection.Name)]
public sealed class PostgresSecretTests(PostgresServer server) : SecretTests(new PostgresPlace(server));

/// <summary>Stores that an older version made.</summary>
public abstract class OlderSecretTests(IStorePlace place) : IAsyncLifetime
{
    public Task InitializeAsync() => place.InitializeAsync();

    public Task DisposeAsync() => place.DisposeAsync();

    [Fact]
    public async Task SecretsOfAnOlderStoreAreKept()
    {
        Database Connect() => StoreFactory.Connect(place.Address, place.Folders, new ManualTime());
        await using (var older = await StoreFactory.OpenAsync(Connect(), [.. Migration.All.Take(5)], CancellationToken.None))
        {
            await using var database = Connect();
            await database.WriteAsync(
                session => session.ExecuteAsync(
                    """
                    INSERT INTO organizations VALUES ('acme', 1);
                    INSERT INTO apps VALUES ('shop', 'shop-1', 1, 1, 1);
                    INSERT INTO releases VALUES ('shop-1', 'shop', '1', '', '', '{}', 1);
                    INSERT INTO tenants VALUES ('alice', 'Alice', 'acme', '', '', 1, 1, 0);
                    INSERT INTO targets (name, kind, options, repair_drift, parallel, version, created_at) VALUES ('here', 'fake', '{}', 1, 1, 1, 1);
                    INSERT INTO instances (id, slug, tenant, organization, app, environment, target, tier, release, hosts, features, desired, restart_nonce, generation, created_at)
                    VALUES ('id-alice', 'alice', 'alice', 'acme', 'shop', 'prod', 'here', 'free', 'shop-1', '[]', '{}', 'Running', 0, 1, 1);
                    """),
                CancellationToken.None);
            await database.WriteAsync(
                session => session.ExecuteAsync("INSERT INTO secrets VALUES ('id-alice', 'key', @value, 3, 1, 5)", new { value = new byte[] { 1, 2, 3 } }), CancellationToken.None);
        }

        await using var store = await StoreFactory.OpenAsync(place.Address, place.Folders, new ManualTime(), CancellationToken.None);

        var secret = (await store.ListAppSecretsAsync("shop", CancellationToken.None)).ShouldHaveSingleItem();
        (secret.Place, secret.KeyHolder, secret.Version, secret.Generated).ShouldBe((new SecretPlace(SecretScope.Instance, "id-alice", "shop", "key"), "tenant:alice", 3L, true));
        secret.Value.ShouldBe([1, 2, 3]);
    }
}

public sealed class SqliteOlderSecretTests() : OlderSecretTests(new SqlitePlace());

[Collection(PostgresCollection.Name)]
public sealed class PostgresOlderSecretTests(PostgresServer server) : OlderSecretTests(new PostgresPlace(server));
