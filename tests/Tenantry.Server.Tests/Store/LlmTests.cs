using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Model.Manifests;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Store;

public abstract class LlmTests(IStorePlace place) : StoreTests(place)
{
    private static readonly LlmProviderRecord Provider = new("openrouter", "https://openrouter.ai/api/v1", [1, 2, 3], 300, "", 0, default);

    [Fact]
    public async Task AProviderIsWrittenWithItsVersionAndALostRaceChangesNothing()
    {
        var first = await Store.PutLlmProviderAsync(Provider, 0, Ct);
        await Should.ThrowAsync<StoreConflictException>(() => Store.PutLlmProviderAsync(Provider with { BaseUrl = "https://other" }, 0, Ct));
        var second = await Store.PutLlmProviderAsync(Provider with { ManagementKey = [4], PollSeconds = 5 }, 1, Ct);

        (first.Version, second.Version, second.PollSeconds).ShouldBe((1, 2, 5));
        second.ManagementKey.ShouldBe([4]);
        (await Store.ListLlmProvidersAsync(Ct)).ShouldHaveSingleItem().BaseUrl.ShouldBe(Provider.BaseUrl);
        (await Store.DeleteLlmProviderAsync("openrouter", Ct)).ShouldBeTrue();
        (await Store.DeleteLlmProviderAsync("openrouter", Ct)).ShouldBeFalse();
    }

    [Fact]
    public async Task AKeyAndItsTextAreWrittenInOneAndFencedByTheLease()
    {
        await Fleet.SetUpAsync();
        await Store.PutLlmProviderAsync(Provider, 0, Ct);
        var spec = await Fleet.AddInstanceAsync("alice");
        var lease = await Fleet.LeaseAsync(spec.Id);
        var key = Key(spec.Id);

        await Store.WriteLlmKeyAsync(key with { Minting = true, Hash = "" }, null, lease, Ct);
        (await Store.ListSecretsAsync(spec, Ct)).ShouldBeEmpty();
        await Store.WriteLlmKeyAsync(key, Text(spec), lease, Ct);
        await Store.WriteLlmKeyAsync(key, Text(spec), lease, Ct);

        (await Store.ListLlmKeysAsync(spec.Id, Ct)).ShouldHaveSingleItem().ShouldBe(new LlmKeyRecord(key, null));
        (await Store.ListSecretsAsync(spec, Ct)).ShouldHaveSingleItem().Generated.ShouldBeTrue();
        (await Store.ListSecretVersionsAsync(Text(spec).Place, Ct)).ShouldHaveSingleItem("the text of a key that was revoked is of no use");
        (await Store.FindInstanceAsync(spec.Id, Ct))!.Spec.Generation.ShouldBe(1);
        await Store.ReleaseLeaseAsync(lease, Ct);
        await Fleet.LeaseAsync(spec.Id, "another");
        await Should.ThrowAsync<LeaseLostException>(() => Store.WriteLlmKeyAsync(key with { Hash = "late" }, Text(spec), lease, Ct));
        (await Store.ListLlmKeysAsync(spec.Id, Ct)).ShouldHaveSingleItem().Key.Hash.ShouldBe("h");
    }

    [Fact]
    public async Task WhatWasSeenOfAKeyThatIsAnotherOneByNowIsNotWritten()
    {
        await Fleet.SetUpAsync();
        await Store.PutLlmProviderAsync(Provider, 0, Ct);
        var spec = await Fleet.AddInstanceAsync("alice");
        var key = Key(spec.Id);
        await Store.WriteLlmKeyAsync(key, Text(spec), await Fleet.LeaseAsync(spec.Id), Ct);
        var usage = new LlmUsage(Time.GetUtcNow(), "h", 1.2345m, 1, 1, 1, 3.7655m, 50, Differs: true);

        await Store.WriteLlmUsagesAsync([new LlmKeyRecord(key with { Hash = "other" }, usage)], Ct);
        (await Store.ListLlmKeysAsync(spec.Id, Ct)).ShouldHaveSingleItem().Usage.ShouldBeNull();
        await Store.WriteLlmUsagesAsync([new LlmKeyRecord(key, usage)], Ct);

        (await Store.ListLlmKeysOfProviderAsync("openrouter", Ct)).ShouldHaveSingleItem().Usage.ShouldBe(usage);
        (await Store.FindInstanceAsync(spec.Id, Ct))!.Spec.Generation.ShouldBe(2, "an instance whose key differs is looked at");
        (await Store.ListChangesAsync(0, 100, Ct)).Where(change => change.Kind == "llm-key").Select(change => change.Action).ShouldBe(["made", "used-50", "differs"]);
    }

    [Fact]
    public async Task AWishIsPartOfTheSpecAndKeysGoWithTheInstance()
    {
        await Fleet.SetUpAsync();
        await Store.PutLlmProviderAsync(Provider, 0, Ct);
        var spec = await Fleet.AddInstanceAsync("alice");
        var wish = new LlmWish(12.34m, Disabled: true, Rotation: 3, Own: true);

        await Fleet.ChangeAsync(spec.Id, Model.Operations.OperationKind.Update, present => present with { Llm = wish });
        (await Store.FindInstanceAsync(spec.Id, Ct))!.Spec.Llm.ShouldBe(wish);
        await Fleet.ChangeAsync(spec.Id, Model.Operations.OperationKind.Update, present => present with { Llm = LlmWish.None });
        (await Store.FindInstanceAsync(spec.Id, Ct))!.Spec.Llm.ShouldBe(LlmWish.None);

        var lease = await Fleet.LeaseAsync(spec.Id);
        await Store.WriteLlmKeyAsync(Key(spec.Id), Text(spec), lease, Ct);
        await Should.ThrowAsync<StoreConflictException>(() => Store.DeleteLlmProviderAsync("openrouter", Ct));
        await Store.RemoveInstanceAsync(spec.Id, lease, Ct);
        (await Store.ListLlmKeysOfProviderAsync("openrouter", Ct)).ShouldBeEmpty();
    }

    private static NewSecret Text(InstanceSpec spec) => FleetSecrets.Secret(spec, "llm-key", [9, 9], generated: true);

    private static LlmKey Key(string instance) => new(instance, "llm-key", "openrouter", "tenantry/alice/llm-key/" + instance, false, "h", "", "sk-or-v1-0e6...1c96", 0, 5.00m, LlmReset.Monthly, false);
}

public sealed class SqliteLlmTests() : LlmTests(new SqlitePlace());

[Collection(PostgresCollection.Name)]
public sealed class PostgresLlmTests(PostgresServer server) : LlmTests(new PostgresPlace(server));
