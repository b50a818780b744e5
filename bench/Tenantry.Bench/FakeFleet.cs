using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Apps;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Operations;
using Tenantry.Model.Tenants;
using Tenantry.Server;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Secrets;
using Tenantry.Server.Sources;
using Tenantry.Server.Store;
using Tenantry.Server.Workloads;
using Tenantry.Targets.Fake;

namespace Tenantry.Bench;

/// <summary>Ten thousand instances on the fake target, reconciler and embedded store in this process: what the control plane itself costs.</summary>
internal sealed class FakeFleet(bool quick)
{
    private const double AllowedPassSeconds = 1;
    private readonly int size = quick ? 500 : 10_000;

    public async Task RunAsync(Report report, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("tenantry-bench-fake-").FullName;
        var folders = new DataFolders(folder);
        await using (var store = await StoreFactory.OpenAsync("sqlite", folders, TimeProvider.System, cancellationToken))
            await MeasureAsync(store, folders, report, cancellationToken);
        Directory.Delete(folder, recursive: true);
    }

    private async Task MeasureAsync(IStore store, DataFolders folders, Report report, CancellationToken cancellationToken)
    {
        var now = TimeProvider.System.GetUtcNow();
        await PrepareAsync(store, now, cancellationToken);
        using var keys = new EngineKeyRing(ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256));
        var workloads = new WorkloadSource(store, new SecretVault(store, keys, TimeProvider.System, NullLogger<SecretVault>.Instance), new SourceFolders(folders, store), () => new InstanceUrls("localhost", "http", 8080));
        await using var targets = new TargetSet(store, [FakeTarget.CatalogLine], folders, folders.Root, "bench", _ => { }, TimeProvider.System, NullLoggerFactory.Instance);
        var reconciler = new Reconciler(
            store, targets, workloads, new ChangeSignal(), new ReconcilerOptions { Node = "bench" }, TimeProvider.System, NullLogger<Reconciler>.Instance);
        var ids = new List<string>();
        for (var number = 0; number < size; number++)
            ids.Add(await CreateAsync(store, number, now, cancellationToken));
        var started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            ids,
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellationToken },
            async (id, token) => await reconciler.PassAsync(id, token));
        var passes = Stopwatch.GetElapsedTime(started);
        await NoOpMeasure.RunAsync(store, reconciler, cancellationToken);
        var look = await NoOpMeasure.RunAsync(store, reconciler, cancellationToken);
        var list = await ListAsync(store, cancellationToken);
        var (overApi, pages) = await FakeApi.ListAsync(store, folders, size, cancellationToken);
        var met = look.Cpu.TotalSeconds <= AllowedPassSeconds && look.Restless == 0;
        report.Say($"## {size} instances on the fake target, embedded store, in one process");
        report.Table(
            ["figure", "value", "aim"],
            ["first passes, 16 at once", Report.Number(passes.TotalSeconds, " s"), ""],
            ["no-op pass over all: CPU", Report.Number(look.Cpu.TotalSeconds, " s"), $"≤ {AllowedPassSeconds} s: {Report.Verdict(met)}"],
            ["no-op pass over all: by the clock", Report.Number(look.Elapsed.TotalSeconds, " s"), ""],
            ["no-op pass over all: instances that were not settled", look.Restless.ToString(CultureInfo.InvariantCulture), "0"],
            ["list of all from the store, pages of 1,000", list.ToString(), ""],
            [$"list of all over the API's socket with the client, {pages} pages", overApi.ToString(), ""],
            ["this process, store and reconciler (PSS)", Report.Number(Programs.MemoryMiB([Environment.ProcessId]), " MiB"), ""]);
    }

    private static async Task PrepareAsync(IStore store, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var manifest = ManifestReader.Read(Fleet.Manifest, "bench.yaml").Manifest!;
        var release = new Release("bench-1", manifest.App, manifest.Version, ManifestDigest.Of(manifest), "", ManifestJson.Write(manifest), now);
        await store.ApplyReleaseAsync(release, cancellationToken);
        await store.PutTargetAsync(new TargetRecord("fake", "fake", new Dictionary<string, string>(StringComparer.Ordinal), true, 32, 0, now), 0, cancellationToken);
        await store.EnsureOrganizationAsync("default", cancellationToken);
        await store.CreateTenantAsync(new Tenant("bench", "bench", "default", "", "", 1, now), cancellationToken);
    }

    private static async Task<string> CreateAsync(IStore store, int number, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"f{number}");
        var spec = new InstanceSpec(
            $"bench{number:D8}", name, "bench", "default", "bench-static", name, "fake", "small", "bench-1", [], new Dictionary<string, string>(StringComparer.Ordinal), DesiredState.Running, 0, 1, now);
        var operation = new Operation($"op{number:D8}", OperationKind.Create, spec.Id, spec.Slug, "bench", 1, OperationState.Pending, [], 0, null, now, null);
        await store.CreateInstanceAsync(spec, operation, null, cancellationToken);
        return spec.Id;
    }

    private static async Task<Samples> ListAsync(IStore store, CancellationToken cancellationToken)
    {
        var list = new Samples();
        for (var round = 0; round < 20; round++)
        {
            var asked = Stopwatch.GetTimestamp();
            for (string? cursor = null; ;)
            {
                var page = await store.ListInstancesAsync(new InstanceFilter(), new PageRequest(1000, cursor), cancellationToken);
                if ((cursor = page.Next) is null)
                    break;
            }

            list.Add(Stopwatch.GetElapsedTime(asked));
        }

        return list;
    }
}
