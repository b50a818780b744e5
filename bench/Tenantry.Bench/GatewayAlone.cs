using System.Diagnostics;
using System.Text.Json;
using Tenantry.Model.Apps;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Tenants;
using Tenantry.Server;
using Tenantry.Server.Store;

namespace Tenantry.Bench;

/// <summary><c>tenantry serve --role gateway</c> on a store in which one instance runs, at alice.localhost and as many hosts more.</summary>
internal sealed class GatewayAlone : IAsyncDisposable
{
    private readonly Process process;
    private readonly string data;

    private GatewayAlone(Process process, string data, int port)
    {
        this.process = process;
        this.data = data;
        Port = port;
    }

    public int Port { get; }

    public int ProcessId => process.Id;

    public double MemoryMiB => Programs.MemoryMiB([process.Id]);

    public static async Task<GatewayAlone> StartAsync(string program, int upstream, int hosts, CancellationToken cancellationToken)
    {
        var data = Directory.CreateTempSubdirectory("tenantry-bench-").FullName;
        await FillAsync(new DataFolders(data), upstream, hosts, cancellationToken);
        var process = Programs.Start(program, "serve", "--data", data, "--role", "gateway", "--gateway", "127.0.0.1:0", "--log-level", "warning");
        var line = await process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("serve ended at once");
        using var addresses = JsonDocument.Parse(line);
        var port = new Uri(addresses.RootElement.GetProperty("gateway").GetString()!).Port;
        return new GatewayAlone(process, data, port);
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(data, recursive: true);
    }

    private static async Task FillAsync(DataFolders folders, int upstream, int hosts, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folders.StoreFolder);
        var now = TimeProvider.System.GetUtcNow();
        await using var store = await StoreFactory.OpenAsync("sqlite", folders, TimeProvider.System, cancellationToken);
        await store.EnsureOrganizationAsync("bench", cancellationToken);
        await store.ApplyReleaseAsync(new Release("bench-1", "bench", "1.0", $"sha256:{new string('a', 64)}", "", "{}", now), cancellationToken);
        await store.PutTargetAsync(new TargetRecord("here", "fake", new Dictionary<string, string>(StringComparer.Ordinal), true, 4, 0, now), 0, cancellationToken);
        await store.CreateTenantAsync(new Tenant("alice", "alice", "bench", "", "", 1, now), cancellationToken);
        var spec = new InstanceSpec(
            "id-alice", "alice", "alice", "bench", "bench", "prod", "here", "free", "bench-1", [.. Enumerable.Range(1, hosts - 1).Select(number => $"h{number}.example.com")],
            new Dictionary<string, string>(StringComparer.Ordinal), DesiredState.Running, 0, 1, now);
        await store.CreateInstanceAsync(spec, new Operation("op-1", OperationKind.Create, spec.Id, spec.Slug, "bench", 1, OperationState.Pending, [], 0, null, now, null), null, cancellationToken);
        var record = (await store.FindInstanceAsync(spec.Id, cancellationToken))!;
        var lease = (await store.TryAcquireLeaseAsync(spec.Id, "bench", TimeSpan.FromMinutes(1), cancellationToken))!;
        await store.WriteStatusAsync(record.Status with { Phase = InstancePhase.Running, ObservedGeneration = 1, Endpoint = new Endpoint("127.0.0.1", upstream) }, lease, cancellationToken);
    }
}
