using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Gateway;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Tests.Serving;

/// <summary>A gateway alone under a service manager, which hears of it on a socket of this test's own, as systemd does.</summary>
public sealed partial class RenewalTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TestFolder folder = new();
    private readonly Socket manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly int metrics = FreePort.Take();
    private readonly List<int> serving = [];
    private readonly RawUpstream upstream = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

    [Fact]
    public async Task AReloadStartsTheNextGatewayAndTheServiceManagerFollowsIt()
    {
        await using var first = await StartAsync();
        (await HearAsync()).ShouldBe(first.Id);
        using var client = new HttpClient { Timeout = Patience };
        (await GetAsync(client, first.Gateway)).ShouldBe("ok");

        first.Signal(Renew);
        await Waiting.ForAsync(() => first.Log.Contains("is on its way", StringComparison.Ordinal));
        // The program may have been replaced since.
        first.Signal(Renew);

        var second = await HearAsync();
        second.ShouldNotBe(first.Id);
        // Its log goes on with what the next one says.
        await Waiting.ForAsync(() => first.HasEnded);
        (await GetAsync(client, first.Gateway)).ShouldBe("ok");
        (await MetricsAsync(client)).ShouldContain("tenantry_gateway_routes_age_seconds");
        var third = await HearAsync();
        await Waiting.ForAsync(() => !IsThere(second));
        (await GetAsync(client, first.Gateway)).ShouldBe("ok");
        Kill(third, SignalNames.NumberOf("TERM")!.Value).ShouldBe(0);
        await Waiting.ForAsync(() => !IsThere(third));
        (await first.EndAsync()).ShouldBe(0, first.Log);
    }

    [Fact]
    public async Task ANextGatewayThatCannotServeIsSaidInTheLogAndTheOneBeforeServesOn()
    {
        await using var first = await StartAsync();
        (await HearAsync()).ShouldBe(first.Id);
        // Who takes over finds a desk that is no socket.
        var desk = new DataFolders(folder.Data).Handover;
        File.Delete(desk);
        await File.WriteAllTextAsync(desk, "");

        first.Signal(Renew);

        await Waiting.ForAsync(() => first.Log.Contains(") ended before it had taken over", StringComparison.Ordinal));
        using var client = new HttpClient { Timeout = Patience };
        (await GetAsync(client, first.Gateway)).ShouldBe("ok");
        (await MetricsAsync(client)).ShouldContain("tenantry_gateway_routes_age_seconds");
        (await first.TerminateAsync()).ShouldBe(0, first.Log);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var id in serving.Where(id => IsThere(id) && File.ReadAllText($"/proc/{id}/cmdline").Contains(folder.Data, StringComparison.Ordinal)))
            _ = Kill(id, SignalNames.NumberOf("KILL")!.Value);
        manager.Dispose();
        await upstream.DisposeAsync();
        folder.Dispose();
    }

    private static int Renew => SignalNames.NumberOf("USR2")!.Value;

    private async Task<ServeProcess> StartAsync()
    {
        var folders = new DataFolders(folder.Data);
        Directory.CreateDirectory(folders.StoreFolder);
        await using (var store = await StoreFactory.OpenAsync("sqlite", folders, TimeProvider.System, CancellationToken.None))
        {
            var fleet = new Fleet(store, TimeProvider.System);
            await fleet.SetUpAsync();
            await fleet.AddAnsweringAsync("alice", upstream.Port);
        }

        var path = Path.Combine(folder.Root, "notify");
        manager.Bind(new UnixDomainSocketEndPoint(path));
        // The gateway is an ordinary user where these tests are root.
        File.SetUnixFileMode(path, (UnixFileMode)0b110_110_110);
        return await ServeProcess.StartAsync(folder.Data, [("NOTIFY_SOCKET", path)], "--role", "gateway", "--gateway", "127.0.0.1:0", "--metrics", $"127.0.0.1:{metrics}");
    }

    // The process that says it serves, and is the main one.
    private async Task<int> HearAsync()
    {
        var buffer = new byte[256];
        var text = Encoding.UTF8.GetString(buffer, 0, await manager.ReceiveAsync(buffer).WaitAsync(Patience));
        text.ShouldContain("READY=1\n");
        serving.Add(int.Parse(MainProcess().Match(text).Groups[1].Value, CultureInfo.InvariantCulture));
        return serving[^1];
    }

    private static async Task<string> GetAsync(HttpClient client, Uri gateway)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, gateway) { Headers = { Host = "alice.localhost" } };
        using var answer = await client.SendAsync(request);
        return await answer.Content.ReadAsStringAsync();
    }

    private Task<string> MetricsAsync(HttpClient client) => client.GetStringAsync($"http://127.0.0.1:{metrics}/metrics");

    private static bool IsThere(int id) => File.Exists($"/proc/{id}/stat") && !File.ReadAllText($"/proc/{id}/stat").Contains(") Z ", StringComparison.Ordinal);

    [System.Runtime.InteropServices.LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int id, int signal);

    [GeneratedRegex("MAINPID=([0-9]+)", RegexOptions.None, 1000)]
    private static partial Regex MainProcess();
}
