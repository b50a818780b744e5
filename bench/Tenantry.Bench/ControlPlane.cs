using System.Diagnostics;
using System.Text.Json;
using Tenantry.Client;

namespace Tenantry.Bench;

/// <summary>A control plane of the benchmark's own, with a throw-away data folder.</summary>
internal sealed class ControlPlane : IAsyncDisposable
{
    private readonly Process process;

    private ControlPlane(Process process, string data, int gatewayPort)
    {
        this.process = process;
        Data = data;
        GatewayPort = gatewayPort;
        Client = new TenantryClient(TenantryAddress.OfSocket(Path.Combine(data, "api.sock")));
    }

    public string Data { get; }

    public int GatewayPort { get; }

    public TenantryClient Client { get; }

    public IReadOnlyList<int> Processes => Programs.Tree(process.Id, "serve");

    public static async Task<ControlPlane> StartAsync(string program, CancellationToken cancellationToken)
    {
        var data = Directory.CreateTempSubdirectory("tenantry-bench-").FullName;
        var process = Programs.Start(program, "serve", "--data", data, "--api", "unix", "--gateway", "127.0.0.1:0", "--log-level", "warning");
        var line = await process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("serve ended at once");
        using var addresses = JsonDocument.Parse(line);
        var port = new Uri(addresses.RootElement.GetProperty("gateway").GetString()!).Port;
        var plane = new ControlPlane(process, data, port);
        while (!await plane.IsReadyAsync(cancellationToken))
            await Task.Delay(20, cancellationToken);
        return plane;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Programs.RunAsync("kill", ["-TERM", process.Id.ToString()], CancellationToken.None);
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(Data, recursive: true);
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await Client.IsReadyAsync(cancellationToken);
        }
        catch (TenantryUnavailableException)
        {
            return false;
        }
    }
}
