using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Model.Manifests;
using Tenantry.Model.Operations;
using Tenantry.Server.LlmKeys;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Secrets;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Reconciling;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.LlmKeys;

/// <summary>A reconciler with a provider of keys: the real client against the peer.</summary>
internal sealed class KeyBench : IAsyncDisposable
{
    public const string Secret = "llm-key";

    private const string Manifest = """
        app: shop
        version: "1"
        services:
          web: { command: [/bin/shop], ports: [8080] }
        tiers:
          free: { llm: { limit: $5, disableAsleep: true } }
          pro: { llm: { limit: $12.50, reset: weekly } }
          bare: {}
        defaultTier: free
        secrets:
          llm-key: { provider: openrouter, env: OPENROUTER_API_KEY }
        """;

    private readonly EngineKeyRing _ring = new(ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256));
    private readonly LlmProviderSet _providers;

    private KeyBench(Workbench bench, OpenRouterPeer peer)
    {
        (Bench, Peer) = (bench, peer);
        Vault = new SecretVault(bench.Store, _ring, bench.Time, NullLogger<SecretVault>.Instance);
        _providers = new LlmProviderSet(bench.Store, Vault, TimeProvider.System);
        Keys = new InstanceKeys(bench.Store, _providers, Vault, TimeProvider.System);
        Poll = new UsagePoll(bench.Store, _providers, bench.Changes, _ => { }, bench.Time, NullLogger<UsagePoll>.Instance);
        bench.Use(bench.NewReconciler(bench.Store, keys: Keys));
    }

    public LlmProviderSet Providers => _providers;

    public SecretVault Vault { get; }

    public Workbench Bench { get; }

    public OpenRouterPeer Peer { get; }

    public InstanceKeys Keys { get; }

    public UsagePoll Poll { get; }

    public IStore Store => Bench.Store;

    public static async Task<KeyBench> StartAsync(bool withProvider = true)
    {
        var bench = new KeyBench(await Workbench.StartAsync(), await OpenRouterPeer.StartAsync());
        var manifest = ManifestJson.Write(ManifestReader.Read(Manifest, "tenantry.yaml").Manifest!);
        await bench.Store.ApplyReleaseAsync(bench.Bench.Fleet.NewRelease("shop-llm") with { Manifest = manifest }, CancellationToken.None);
        if (withProvider)
            await bench.SetProviderAsync();
        return bench;
    }

    public async Task<LlmProviderRecord> SetProviderAsync(string managementKey = OpenRouterPeer.ManagementKey)
    {
        var present = await Store.FindLlmProviderAsync("openrouter", CancellationToken.None);
        var box = await Vault.SealAsync(LlmProviderRecord.PlaceOf("openrouter", Peer.BaseUrl), LlmProviderRecord.KeyHolderOf("openrouter"), managementKey, CancellationToken.None);
        return await Store.PutLlmProviderAsync(
            new LlmProviderRecord("openrouter", Peer.BaseUrl, box.Value, 300, "", 0, default),
            present?.Version ?? 0,
            CancellationToken.None);
    }

    public async Task<InstanceSpec> AddAsync(string slug, string tier = "free", LlmWish? wish = null)
    {
        await Bench.Fleet.AddTenantAsync(slug);
        var spec = Bench.Fleet.NewSpec(slug) with { Release = "shop-llm", Tier = tier, Llm = wish ?? LlmWish.None };
        await Store.CreateInstanceAsync(spec, Bench.Fleet.NewOperation(spec, OperationKind.Create), null, CancellationToken.None);
        return spec;
    }

    /// <summary>An instance that runs and has its key.</summary>
    public async Task<InstanceSpec> RunningAsync(string slug, string tier = "free")
    {
        var spec = await AddAsync(slug, tier);
        (await Bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled, (await Bench.StatusAsync(spec.Id)).Reason);
        return spec;
    }

    public Task<InstanceSpec> ChangeAsync(string id, Func<InstanceSpec, InstanceSpec> change) => Bench.Fleet.ChangeAsync(id, OperationKind.Update, change);

    /// <summary>Passes until one settles; between two the clock goes on past any wait.</summary>
    public async Task SettleAsync(string id)
    {
        PassEnd end;
        for (var tries = 0; (end = await Bench.PassAsync(id)) != PassEnd.Settled; tries++)
        {
            tries.ShouldBeLessThan(20, $"{end}: {(await Store.FindInstanceAsync(id, CancellationToken.None))?.Status.Reason}");
            Bench.Time.Advance(TimeSpan.FromMinutes(10));
        }
    }

    /// <summary>The text that the instance is given, opened.</summary>
    public async Task<string?> TextAsync(string id)
    {
        var spec = (await Store.FindInstanceAsync(id, CancellationToken.None)).ShouldNotBeNull().Spec;
        return (await Vault.OpenAsync(await Store.ListSecretsAsync(spec, CancellationToken.None), CancellationToken.None)).GetValueOrDefault(Secret);
    }

    public async Task<LlmKeyRecord> KeyAsync(string id) => (await Store.ListLlmKeysAsync(id, CancellationToken.None)).ShouldHaveSingleItem();

    /// <summary>The only key of the instance at its provider, which the instance has the text of.</summary>
    public async Task<PeerKey> SingleAsync(InstanceSpec spec)
    {
        var key = Peer.Keys.Where(key => key.Name.EndsWith(spec.Id, StringComparison.Ordinal)).ShouldHaveSingleItem();
        (await TextAsync(spec.Id)).ShouldBe(key.Text);
        var row = (await KeyAsync(spec.Id)).Key;
        (row.Hash, row.Former, row.Minting, row.Limit, row.Disabled).ShouldBe((key.Hash, "", false, key.Limit, key.Disabled));
        return key;
    }

    public async ValueTask DisposeAsync()
    {
        _providers.Dispose();
        Poll.Dispose();
        await Bench.DisposeAsync();
        await Peer.DisposeAsync();
        _ring.Dispose();
    }
}
