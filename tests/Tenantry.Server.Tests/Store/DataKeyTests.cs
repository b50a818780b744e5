using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Operations;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Store;

/// <summary>Data keys, and the engine's key that they are under.</summary>
public abstract class DataKeyTests(IStorePlace place) : StoreTests(place)
{
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

    private async Task<InstanceSpec> AliceAsync()
    {
        await Fleet.SetUpAsync();
        return await Fleet.AddInstanceAsync("alice");
    }

    private DataKey Key(string holder, byte[] point, string engineKey = "old") => new(holder, point, [0], engineKey, Time.GetUtcNow());
}

public sealed class SqliteDataKeyTests() : DataKeyTests(new SqlitePlace());

[Collection(PostgresCollection.Name)]
public sealed class PostgresDataKeyTests(PostgresServer server) : DataKeyTests(new PostgresPlace(server));
