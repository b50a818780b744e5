using System.Net;
using Tenantry.Model.Instances;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Gateway;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Serving;

/// <summary>A gateway alone, whose place the next one takes under load.</summary>
public class HandoverTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static async Task<string> FolderAsync(TestFolder folder, int port)
    {
        var folders = new DataFolders(folder.Data);
        Directory.CreateDirectory(folders.StoreFolder);
        await using var store = await StoreFactory.OpenAsync("sqlite", folders, TimeProvider.System, CancellationToken.None);
        var fleet = new Fleet(store, TimeProvider.System);
        await fleet.SetUpAsync();
        await fleet.AddAnsweringAsync("alice", port);
        return folder.Data;
    }

    private static Task<ServeProcess> StartAsync(string data, params string[] options) =>
        ServeProcess.StartAsync(data, ["--role", "gateway", "--gateway", "127.0.0.1:0", .. options]);

    [Fact]
    public async Task TheNextGatewayTakesOverUnderLoadAndNoRequestFails()
    {
        await using var upstream = await AppUpstream.StartAsync(context => Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, "ok"));
        using var folder = new TestFolder();
        var data = await FolderAsync(folder, upstream.Port);
        await using var first = await StartAsync(data);
        using var stop = new CancellationTokenSource();
        var port = first.Gateway.Port;
        var answered = 0;
        var load = Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                // New connections as well as old ones.
                using var client = new HttpClient { Timeout = Patience };
                for (var i = 0; i < 1 + (worker * 5); i++)
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}/") { Headers = { Host = "alice.localhost" } };
                    using var answer = await client.SendAsync(request);
                    answer.StatusCode.ShouldBe(HttpStatusCode.OK);
                    Interlocked.Increment(ref answered);
                }
            }
        })).ToArray();
        await Waiting.ForAsync(() => answered > 50 || load.Any(worker => worker.IsFaulted));

        await using var second = await StartAsync(data, "--take-over");

        second.Gateway.Port.ShouldBe(port, second.Log);
        (await first.EndAsync()).ShouldBe(0, first.Log);
        var before = answered;
        await Waiting.ForAsync(() => answered > before + 50 || load.Any(worker => worker.IsFaulted));
        await using var third = await StartAsync(data, "--take-over");
        (await second.EndAsync()).ShouldBe(0, second.Log);
        before = answered;
        await Waiting.ForAsync(() => answered > before + 50 || load.Any(worker => worker.IsFaulted));
        await stop.CancelAsync();
        await Task.WhenAll(load);
    }

    [Fact]
    public async Task AKeptConnectionIsAnsweredUntilAnAnswerSaysThatItEnds()
    {
        await using var upstream = await AppUpstream.StartAsync(context => Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, "ok"));
        using var folder = new TestFolder();
        var data = await FolderAsync(folder, upstream.Port);
        await using var first = await StartAsync(data);
        var clients = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, first.Gateway.Port);
            await using var connection = new RawConnection(new System.Net.Sockets.NetworkStream(socket));
            for (var i = 0; ; i++)
            {
                // Such as a client must not send again by itself.
                await connection.SendAsync("POST / HTTP/1.1\r\nHost: alice.localhost\r\nContent-Length: 3\r\n\r\nabc");
                var head = await connection.ReadUntilAsync("\r\n\r\n").WaitAsync(Patience);
                head.ShouldStartWith("HTTP/1.1 200", Case.Sensitive, $"request {i}");
                if (head.Contains("Connection: close", StringComparison.Ordinal))
                    return;
                await connection.ReadUntilAsync("ok\r\n0\r\n\r\n");
                await Task.Delay(20);
            }
        })).ToArray();

        await using var second = await StartAsync(data, "--take-over");

        await Task.WhenAll(clients).WaitAsync(Patience);
        (await first.EndAsync()).ShouldBe(0, first.Log);
    }

    [Fact]
    public async Task WithoutAGatewayToTakeOverFromItIsRefusedWithASentence()
    {
        using var folder = new TestFolder();
        await using var serve = await StartAsync(await FolderAsync(folder, 1), "--take-over");

        (await serve.EndAsync()).ShouldBe(2);
        serve.Log.ShouldContain("--take-over: no gateway of this data folder hands over its sockets");
    }

    [Theory]
    [InlineData("engine,api,gateway")]
    [InlineData("api,gateway")]
    public async Task AGatewayThatPlaysOtherRolesTooCannotTakeOverAndSaysWhatToDo(string roles)
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data, "--role", roles, "--take-over");

        (await serve.EndAsync()).ShouldBe(2);
        serve.Log.ShouldContain("--role gateway --take-over");
        Directory.Exists(folder.Data).ShouldBeFalse("it changed nothing");
    }

    [Fact]
    public async Task AGatewayInAServeOfAllRolesIsNotTakenOverAndGoesOn()
    {
        using var folder = new TestFolder();
        await using var serve = await ServeProcess.StartFreeAsync(folder.Data);
        await serve.ReadyAsync();

        await using var next = await StartAsync(folder.Data, "--take-over");

        (await next.EndAsync()).ShouldBe(2);
        next.Log.ShouldContain("A gateway that plays other roles too does not");
        await serve.ReadyAsync();
        using var client = new HttpClient();
        using var answer = await client.GetAsync(serve.Gateway);
        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task ANextGatewayThatDiesBeforeItServesChangesNothing()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        using var folder = new TestFolder();
        var data = await FolderAsync(folder, upstream.Port);
        await using var first = await StartAsync(data);
        using (var next = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified))
        {
            await next.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(Path.Combine(data, "gateway", "handover.sock")));
            (await next.ReceiveAsync(new byte[1])).ShouldBe(1);
        }

        await Waiting.ForAsync(() => first.Log.Contains("this one goes on", StringComparison.Ordinal));
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, first.Gateway) { Headers = { Host = "alice.localhost" } };
        (await (await client.SendAsync(request)).Content.ReadAsStringAsync()).ShouldBe("ok");
        await using var second = await StartAsync(data, "--take-over");
        (await first.EndAsync()).ShouldBe(0);
    }
}
