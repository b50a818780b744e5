using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Gateway;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Serving;

/// <summary>Which threads of a gateway forward: those that poll sockets, which many sockets share, or those of the pool. By the processor time that each has had.</summary>
public class PollingThreadTests
{
    private const string Small = "GET /small HTTP/1.1\r\nHost: mallory.localhost\r\n\r\n";

    [Fact]
    public async Task SmallRequestsAreForwardedWhereTheyArePolled()
    {
        await using var upstream = RawUpstream.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        using var folder = new TestFolder();
        await using var gateway = await StartAsync(folder, upstream.Port);

        AskManyTimes(gateway.Gateway.Port);
        var before = Times(gateway.Id);
        AskManyTimes(gateway.Gateway.Port);
        var (polling, pool) = Since(before, gateway.Id);

        polling.ShouldBeGreaterThan(pool);
    }

    [Theory]
    [InlineData("an endless answer", "GET / HTTP/1.1\r\nHost: mallory.localhost\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 900000000000000\r\n\r\n")]
    [InlineData("endless chunks", "GET / HTTP/1.1\r\nHost: mallory.localhost\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("a tunnel", "GET / HTTP/1.1\r\nHost: mallory.localhost\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n")]
    [InlineData("an endless body", "POST / HTTP/1.1\r\nHost: mallory.localhost\r\nContent-Length: 900000000000000\r\n\r\n", "")]
    public async Task WhatIsLongIsForwardedInThePool(string what, string request, string answer)
    {
        using var mallory = new Shouter(what, answer);
        using var folder = new TestFolder();
        await using var gateway = await StartAsync(folder, mallory.Port);
        mallory.Attack(gateway.Gateway.Port, request, 1);
        await Waiting.ForAsync(() => mallory.Moved > 1_000_000);

        var before = Times(gateway.Id);
        var moved = mallory.Moved;
        await Waiting.ForAsync(() => mallory.Moved > moved + 200_000_000);
        var (polling, pool) = Since(before, gateway.Id);

        pool.ShouldBeGreaterThan(polling, what);
    }

    private static async Task<ServeProcess> StartAsync(TestFolder folder, int port)
    {
        var folders = new DataFolders(folder.Data);
        Directory.CreateDirectory(folders.StoreFolder);
        await using (var store = await StoreFactory.OpenAsync("sqlite", folders, TimeProvider.System, CancellationToken.None))
        {
            var fleet = new Fleet(store, TimeProvider.System);
            await fleet.SetUpAsync();
            await fleet.AddAnsweringAsync("mallory", port);
        }

        return await ServeProcess.StartAsync(folder.Data, "--role", "gateway", "--gateway", "127.0.0.1:0");
    }

    private static void AskManyTimes(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 60_000 };
        socket.Connect(IPAddress.Loopback, port);
        var answer = new byte[4096];
        for (var i = 0; i < 1000; i++)
        {
            socket.Send(Encoding.ASCII.GetBytes(Small));
            for (var said = ""; !said.EndsWith("\r\n\r\nok", StringComparison.Ordinal);)
            {
                var count = socket.Receive(answer);
                count.ShouldBeGreaterThan(0);
                said += Encoding.ASCII.GetString(answer, 0, count);
            }
        }
    }

    private static (long Polling, long Pool) Since((long Polling, long Pool) before, int process)
    {
        var now = Times(process);
        return (now.Polling - before.Polling, now.Pool - before.Pool);
    }

    // Nanoseconds on a processor.
    private static (long Polling, long Pool) Times(int process)
    {
        var (polling, pool) = (0L, 0L);
        foreach (var said in ServeProcess.ThreadsOf(process, "comm", "schedstat"))
        {
            var name = said[0];
            var time = long.Parse(said[1].Split(' ')[0], CultureInfo.InvariantCulture);
            if (name.StartsWith(".NET Sockets", StringComparison.Ordinal))
                polling += time;
            else if (name.StartsWith(".NET TP Worker", StringComparison.Ordinal))
                pool += time;
        }

        return (polling, pool);
    }
}
