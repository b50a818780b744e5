using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Tenantry.Model.Instances;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Handover;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Gateway;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Linux;

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
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, first.Gateway.Port);
            await using var connection = new RawConnection(new NetworkStream(socket));
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
        using (var next = await AskAsync(data))
            (await next.ReceiveAsync(new byte[1]).SoonAsync()).ShouldBe(1);
        await Waiting.ForAsync(() => first.Log.Contains("this one goes on", StringComparison.Ordinal));
        using var client = new HttpClient();
        (await GetAsync(client, first)).ShouldBe("ok");

        // One that serves, and gives up while this one hangs.
        using (var next = await AskAsync(data))
        {
            (await next.ReceiveAsync(new byte[1]).SoonAsync()).ShouldBe(1);
            first.Signal(SignalNames.NumberOf("STOP")!.Value);
            await Waiting.ForAsync(() => File.ReadAllText($"/proc/{first.Id}/stat").Contains(") T ", StringComparison.Ordinal));
            await next.SendAsync("r"u8.ToArray());
        }

        first.Signal(SignalNames.NumberOf("CONT")!.Value);
        await Waiting.ForAsync(() => first.Log.Split("did not come to serve; this one goes on").Length == 3);
        IsHeld(data).ShouldBeTrue();

        // One that serves, and is killed before it has the lock.
        using (var next = await AskAsync(data))
        {
            (await next.ReceiveAsync(new byte[1]).SoonAsync()).ShouldBe(1);
            await next.SendAsync("r"u8.ToArray());
            (await next.ReceiveAsync(new byte[1]).SoonAsync()).ShouldBe(1);
            IsHeld(data).ShouldBeFalse();
        }

        await Waiting.ForAsync(() => first.Log.Contains("ended as it took over; this one goes on", StringComparison.Ordinal) && File.Exists(DeskOf(data)));
        IsHeld(data).ShouldBeTrue();
        (await GetAsync(client, first)).ShouldBe("ok");
        await using var second = await StartAsync(data, "--take-over");
        (await first.EndAsync()).ShouldBe(0);
        IsHeld(data).ShouldBeTrue();
    }

    [Fact]
    public async Task ANextGatewayServesThoughTheOneBeforeIsKilledOnceItGaveItsSocketsAndHasTheLockWhenItIsFree()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        using var folder = new TestFolder();
        var data = await FolderAsync(folder, upstream.Port);
        Directory.CreateDirectory(Path.GetDirectoryName(DeskOf(data))!);
        using var held = new FileStream(LockOf(data), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        File.SetUnixFileMode(LockOf(data), (UnixFileMode)0b110_110_110);
        using var desk = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        desk.Bind(new UnixDomainSocketEndPoint(DeskOf(data)));
        desk.Listen();
        var giving = Task.Run(async () =>
        {
            using var door = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            door.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            door.Listen();
            using var next = await desk.AcceptAsync();
            await DescriptorPassing.SendAsync(next, "s"u8.ToArray(), [door.SafeHandle], CancellationToken.None);
        });

        await using var second = await StartAsync(data, "--take-over");

        await giving.SoonAsync();
        second.HasEnded.ShouldBeFalse(second.Log);
        using var client = new HttpClient();
        (await GetAsync(client, second)).ShouldBe("ok");
        desk.Dispose();
        await held.DisposeAsync();
        await Waiting.ForAsync(() => File.Exists(DeskOf(data)));
        IsHeld(data).ShouldBeTrue();
    }

    [Fact]
    public async Task AGatewayThatMayOpenNoMoreFilesForAWhileHandsOverAfterwards()
    {
        using var folder = new TestFolder();
        var data = await FolderAsync(folder, 1);
        await using var first = await StartAsync(data);
        LimitFiles(first.Id, "0");
        using var next = await AskAsync(data);
        var taking = next.ReceiveAsync(new byte[1]);
        await Waiting.ForAsync(() => first.Log.Contains("The next gateway cannot be heard", StringComparison.Ordinal));
        taking.IsCompleted.ShouldBeFalse();

        LimitFiles(first.Id, "1024");

        (await taking.WaitAsync(Patience)).ShouldBe(1);
        (await first.TerminateAsync()).ShouldBe(0, first.Log);
    }

    [Fact]
    public async Task AGatewayThatHangsIsNotWaitedForWithoutAnEnd()
    {
        using var folder = new TestFolder();
        Directory.CreateDirectory(folder.Data);
        var path = Path.Combine(folder.Data, "desk.sock");
        using var desk = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        desk.Bind(new UnixDomainSocketEndPoint(path));
        desk.Listen();
        // The sockets have to come within it, too, on a machine that is busy.
        var asking = TakeOver.BeginAsync(path, TimeSpan.FromSeconds(3), CancellationToken.None);
        using var hanging = await desk.AcceptAsync().SoonAsync();
        using var door = GatewayDoors.Open(new IPEndPoint(IPAddress.Loopback, 0), null);
        await DescriptorPassing.SendAsync(hanging, "s"u8.ToArray(), [door.Plain.SafeHandle], CancellationToken.None);
        using var next = await asking;
        using var doors = next.Doors;

        (await next.FinishAsync(CancellationToken.None)).ShouldBeFalse();
    }

    // The soft one: what is open stays open. Only its own user may change it.
    private static void LimitFiles(int process, string most)
    {
        static string Of(int process, string file, string line) =>
            File.ReadLines($"/proc/{process}/{file}").Single(said => said.StartsWith(line, StringComparison.Ordinal))[line.Length..].Split((char[])['\t', ' '], StringSplitOptions.RemoveEmptyEntries)[0];

        using var set = Process.Start("setpriv", [$"--reuid={Of(process, "status", "Uid:")}", $"--regid={Of(process, "status", "Gid:")}", "--keep-groups", "prlimit", $"--pid={process}", $"--nofile={most}:"]);
        set.WaitForExit();
        Of(process, "limits", "Max open files").ShouldBe(most);
    }

    private static string DeskOf(string data) => Path.Combine(data, "gateway", "handover.sock");

    private static string LockOf(string data) => Path.Combine(data, "gateway.lock");

    private static async Task<Socket> AskAsync(string data)
    {
        var next = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await next.ConnectAsync(new UnixDomainSocketEndPoint(DeskOf(data)));
        return next;
    }

    private static bool IsHeld(string data)
    {
        try
        {
            using var free = new FileStream(LockOf(data), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static async Task<string> GetAsync(HttpClient client, ServeProcess gateway)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, gateway.Gateway) { Headers = { Host = "alice.localhost" } };
        using var answer = await client.SendAsync(request);
        return await answer.Content.ReadAsStringAsync();
    }
}
