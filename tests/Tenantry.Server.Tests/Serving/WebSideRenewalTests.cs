using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Tenantry.Server.Serving;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Tests.Serving;

/// <summary>A web side that dies, hangs or is renewed: the one that serves goes on until another does.</summary>
public class WebSideRenewalTests
{
    private const int UserSignal2 = 12;

    [RootFact]
    public async Task AWebSideThatDiesIsStartedAgainOnTheSameAddresses()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data);
        await serve.ReadyAsync();
        var first = serve.Children.ShouldHaveSingleItem();

        Process.GetProcessById(first).Kill();
        await Waiting.ForAsync(() => serve.Children is [var next] && next != first);
        await serve.ReadyAsync();

        using var http = new HttpClient();
        (await http.GetStringAsync(new Uri(serve.Api, "/healthz"))).ShouldBe("ok\n");
        using var gateway = await http.GetAsync(serve.Gateway);
        gateway.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [RootFact]
    public async Task AWebSideIsRenewedWithoutARequestThatIsRefusedOrCut()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data);
        await serve.ReadyAsync();
        var first = serve.Children.ShouldHaveSingleItem();
        using var stop = new CancellationTokenSource();
        var answered = 0;
        var load = Enumerable.Range(0, 2).Select(worker => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                // New connections as well as old ones.
                using var client = new HttpClient();
                for (var i = 0; i < 1 + (worker * 5); i++)
                {
                    using var answer = await client.GetAsync(serve.Gateway);
                    answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
                    Interlocked.Increment(ref answered);
                }
            }
        })).ToArray();

        for (var round = 0; round < 2; round++)
        {
            var before = answered;
            var present = serve.Children.ShouldHaveSingleItem();
            serve.Signal(UserSignal2);
            await Waiting.ForAsync(() => serve.Children is [var next] && next != present);
            await serve.ReadyAsync();
            await Waiting.ForAsync(() => answered > before + 50 || load.Any(worker => worker.IsFaulted));
        }

        await stop.CancelAsync();
        await Task.WhenAll(load);
        using var http = new HttpClient();
        (await http.GetStringAsync(new Uri(serve.Api, "/healthz"))).ShouldBe("ok\n");
        (await serve.TerminateAsync()).ShouldBe(0, serve.Log);
    }

    [RootFact]
    public async Task ANextWebSideThatHangsIsGivenUpAndTheOneBeforeServesOn()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartAsync(
            folder.Data, [("TENANTRY_RENEWAL_SECONDS", "6")], "--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0");
        await serve.ReadyAsync();
        var present = serve.Children.ShouldHaveSingleItem();

        serve.Signal(UserSignal2);
        // Not before it is that program: until then the engine itself waits for it to become so.
        var next = 0;
        await Waiting.ForAsync(() => (next = serve.Children.FirstOrDefault(child => child != present && IsNextWebSide(child))) > 0);
        using (var hanging = ProcessHandle.Open(next))
            hanging!.Signal(SignalNames.NumberOf("STOP")!.Value);
        await Waiting.ForAsync(() => serve.Children is [var one] && one == present);

        await Waiting.ForAsync(() => serve.Log.Contains("did not serve within 6 s", StringComparison.Ordinal));
        using var http = new HttpClient();
        (await http.GetStringAsync(new Uri(serve.Api, "/healthz"))).ShouldBe("ok\n");

        // One that ends when the api has been left to it already.
        using (var dying = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await dying.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(folder.Data, "gateway", "renewal.sock")));
            (await dying.ReceiveAsync(new byte[1]).SoonAsync()).ShouldBe(1);
            await dying.SendAsync("r"u8.ToArray());
            (await dying.ReceiveAsync(new byte[1]).SoonAsync()).ShouldBe(1);
        }

        await Waiting.ForAsync(() => serve.Log.Contains("ended as it took over; this one goes on", StringComparison.Ordinal));
        (await http.GetStringAsync(new Uri(serve.Api, "/healthz"))).ShouldBe("ok\n");
        await serve.ReadyAsync();
        serve.Children.ShouldBe([present]);
    }

    private static bool IsNextWebSide(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Contains("--take-over", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
