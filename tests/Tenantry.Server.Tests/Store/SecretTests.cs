using Tenantry.Model.Manifests;
using Tenantry.Model.Operations;
using Tenantry.Model.Instances;
using Tenantry.Server.Store;
using Tenantry.Server.Store.Connections;
using Tenantry.Server.Store.Migrations;

namespace Tenantry.Server.Tests.Store;

/// <summary>Sealed values at their levels with their versions.</summary>
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

    private async Task<InstanceSpec> AliceAsync()
    {
        await Fleet.SetUpAsync();
        return await Fleet.AddInstanceAsync("alice");
    }
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
