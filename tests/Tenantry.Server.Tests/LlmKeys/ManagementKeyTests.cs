using Tenantry.Server.LlmKeys;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.LlmKeys;

/// <summary>A management key goes to the address that it was given for and to no other, whoever writes the store.</summary>
public sealed class ManagementKeyTests
{
    private static readonly CancellationToken Ct = CancellationToken.None;

    [Fact]
    public async Task AnAddressThatWasChangedInTheStoreGetsNoKey()
    {
        await using var bench = await KeyBench.StartAsync();
        await using var thief = await OpenRouterPeer.StartAsync();
        var record = (await bench.Store.FindLlmProviderAsync("openrouter", Ct))!;

        await bench.Store.PutLlmProviderAsync(record with { BaseUrl = thief.BaseUrl }, record.Version, Ct);

        var refused = await Should.ThrowAsync<LlmProviderException>(() => bench.Providers.FindAsync("openrouter", Ct));
        refused.Message.ShouldContain($"cannot be opened for {thief.BaseUrl}");
        refused.Fault.ShouldBe(LlmFault.WrongManagementKey);
        await bench.Providers.AdoptAsync(Ct);
        await Should.ThrowAsync<LlmProviderException>(() => bench.Providers.FindAsync("openrouter", Ct));
        thief.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task AKeyThatAnOlderVersionSealedIsBoundToItsAddressOnce()
    {
        await using var bench = await KeyBench.StartAsync();
        var record = (await bench.Store.FindLlmProviderAsync("openrouter", Ct))!;
        var older = await bench.Vault.SealAsync(LlmProviderRecord.FirstPlaceOf("openrouter"), LlmProviderRecord.KeyHolderOf("openrouter"), OpenRouterPeer.ManagementKey, Ct);
        record = await bench.Store.PutLlmProviderAsync(record with { ManagementKey = older.Value }, record.Version, Ct);
        await Should.ThrowAsync<LlmProviderException>(() => bench.Providers.FindAsync("openrouter", Ct));

        await bench.Providers.AdoptAsync(Ct);

        await (await bench.Providers.FindAsync("openrouter", Ct))!.ListAsync(Ct);
        var bound = (await bench.Store.FindLlmProviderAsync("openrouter", Ct))!;
        await bench.Providers.AdoptAsync(Ct);
        (await bench.Store.FindLlmProviderAsync("openrouter", Ct))!.Version.ShouldBe(bound.Version);
    }
}
