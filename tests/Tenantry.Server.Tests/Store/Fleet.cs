using Tenantry.Model.Apps;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Tenants;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Store;

/// <summary>Fills a store with what a test needs around the thing that it looks at.</summary>
internal sealed class Fleet(IStore store, TimeProvider time)
{
    public const string App = "shop";
    public const string FirstRelease = "shop-1";
    public const string Target = "here";

    private int _operations;

    public Operation NewOperation(InstanceSpec spec, OperationKind kind = OperationKind.Update) => new(
        $"{time.GetUtcNow().ToUnixTimeMilliseconds():x12}-{Interlocked.Increment(ref _operations):d6}-{spec.Id}",
        kind,
        spec.Id,
        spec.Slug,
        "ann",
        spec.Generation,
        OperationState.Pending,
        [],
        0,
        null,
        time.GetUtcNow(),
        null);

    public InstanceSpec NewSpec(string slug, string target = Target) => new(
        $"id-{slug}", slug, slug, "acme", App, "prod", target, "free", FirstRelease, [], new Dictionary<string, string>(StringComparer.Ordinal),
        DesiredState.Running, 0, 1, time.GetUtcNow());

    public Release NewRelease(string id, string app = App) => new(
        id, app, "1.0", $"sha256:{new string('a', 64)}", "", "{}", time.GetUtcNow());

    /// <summary>Organization, app with its first release, and target.</summary>
    public async Task SetUpAsync(bool repairDrift = true, string kind = "fake")
    {
        await store.EnsureOrganizationAsync("acme", CancellationToken.None);
        await store.ApplyReleaseAsync(NewRelease(FirstRelease), CancellationToken.None);
        await store.PutTargetAsync(
            new TargetRecord(Target, kind, new Dictionary<string, string>(StringComparer.Ordinal), repairDrift, 4, 0, time.GetUtcNow()),
            0,
            CancellationToken.None);
    }

    public Tenant NewTenant(string name) => new(name, name, "acme", "", "", 1, time.GetUtcNow());

    public Task<Tenant> AddTenantAsync(string name) => store.CreateTenantAsync(NewTenant(name), CancellationToken.None);

    /// <summary>A tenant and its instance of the same name, which answers on that port of this machine.</summary>
    public async Task AddAnsweringAsync(string slug, int port)
    {
        await AddInstanceAsync(slug);
        var record = (await store.FindInstanceBySlugAsync(slug, CancellationToken.None))!;
        await store.WriteStatusAsync(
            record.Status with { Phase = InstancePhase.Running, ObservedGeneration = record.Spec.Generation, Endpoint = new Endpoint("127.0.0.1", port) },
            await LeaseAsync(record.Spec.Id),
            CancellationToken.None);
    }

    /// <summary>A tenant and its instance of the same name.</summary>
    public async Task<InstanceSpec> AddInstanceAsync(string slug)
    {
        await AddTenantAsync(slug);
        var spec = NewSpec(slug);
        await store.CreateInstanceAsync(spec, NewOperation(spec, OperationKind.Create), null, CancellationToken.None);
        return spec;
    }

    /// <summary>Changes the spec as the API would.</summary>
    public async Task<InstanceSpec> ChangeAsync(string id, OperationKind kind, Func<InstanceSpec, InstanceSpec> change)
    {
        var spec = (await store.FindInstanceAsync(id, CancellationToken.None))!.Spec;
        return await store.UpdateInstanceAsync(change(spec), spec.Generation, NewOperation(spec, kind), CancellationToken.None);
    }

    public async Task<Lease> LeaseAsync(string id, string holder = "worker") =>
        (await store.TryAcquireLeaseAsync(id, holder, TimeSpan.FromSeconds(30), CancellationToken.None)).ShouldNotBeNull();
}

internal static class Equivalence
{
    /// <summary>Compares what two records say; lists of another class but with equal items are equal.</summary>
    public static void ShouldSayTheSameAs<T>(this T actual, T expected) =>
        System.Text.Json.JsonSerializer.Serialize(actual).ShouldBe(System.Text.Json.JsonSerializer.Serialize(expected));
}
