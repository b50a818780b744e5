using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>
/// One tenant's clients and app do all that they can, and another tenant's requests are answered meanwhile. Who is hostile has threads of its own and
/// waits for nothing, so that only the gateway's own fairness is between it and the others.
/// </summary>
public sealed class HostileClientTests
{
    private const int Attackers = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("an endless answer", "GET / HTTP/1.1\r\nHost: mallory.localhost\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 900000000000000\r\n\r\n")]
    [InlineData("an answer to the end of the connection", "GET / HTTP/1.1\r\nHost: mallory.localhost\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("endless chunks", "GET / HTTP/1.1\r\nHost: mallory.localhost\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("an endless body", "POST / HTTP/1.1\r\nHost: mallory.localhost\r\nContent-Length: 900000000000000\r\n\r\n", "")]
    [InlineData("a body of endless chunks", "POST / HTTP/1.1\r\nHost: mallory.localhost\r\nTransfer-Encoding: chunked\r\n\r\n", "")]
    [InlineData("a tunnel", "GET / HTTP/1.1\r\nHost: mallory.localhost\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: odd\r\n\r\n")]
    [InlineData("requests for nobody", "GET / HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n", "")]
    [InlineData("requests without a pause", "GET /small HTTP/1.1\r\nHost: mallory.localhost\r\n\r\n", "")]
    public async Task OthersAreAnsweredMeanwhile(string what, string request, string answer)
    {
        await using var app = await AppUpstream.StartAsync(context => context.Response.WriteAsync("ok"));
        using var mallory = new Shouter(what, answer);
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(
            ("bob.localhost", new("id-bob", "bob", "bob", Server.Gateway.RouteState.Open, new("127.0.0.1", app.Port))),
            ("mallory.localhost", new("id-mallory", "mallory", "mallory", Server.Gateway.RouteState.Open, new("127.0.0.1", mallory.Port))));
        mallory.Attack(gateway.Port, request, Attackers);
        await Waiting(() => mallory.Moved > 2_000_000);
        using var bob = gateway.Client("bob.localhost");

        for (var i = 0; i < 50; i++)
            (await bob.GetStringAsync("/").WaitAsync(Patience)).ShouldBe("ok", what);

        var before = mallory.Moved;
        await Waiting(() => mallory.Moved > before);
    }

    [Fact]
    public async Task AFloodOfResetStreamsEndsItsConnection()
    {
        await using var app = await AppUpstream.StartAsync(context => context.Response.WriteAsync("ok"));
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(app.Port);
        await using var client = await RawHttp2.ConnectAsync(gateway.Port);
        var fields = RawHttp2.Fields((":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "alice.localhost"));

        var flood = client.FloodAsync(
            id => [.. RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders | RawHttp2.EndStream, id, fields), .. RawHttp2.Frame(RawHttp2.Reset, 0, id, [0, 0, 0, 8])], most: 200_000);
        using var bob = gateway.Client();
        for (var i = 0; i < 20; i++)
            (await bob.GetStringAsync("/")).ShouldBe("ok");

        (await flood).ShouldBeTrue();
    }

    [Fact]
    public async Task AHeadOfEndlessContinuationsEndsItsConnection()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var client = await RawHttp2.ConnectAsync(gateway.Port);
        await client.SendAsync(RawHttp2.Headers, 0, 1, RawHttp2.Fields((":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "alice.localhost")));

        (await client.FloodAsync(_ => RawHttp2.Frame(RawHttp2.Continuation, 0, 1, RawHttp2.Fields(("x-more", new string('x', 120)))), most: 200_000)).ShouldBeTrue();
    }

    private static async Task Waiting(Func<bool> holds)
    {
        using var late = new CancellationTokenSource(Patience);
        while (!holds())
            await Task.Delay(10, late.Token);
    }

    /// <summary>An app that says and takes as much as it can, and clients of the same kind.</summary>
    private sealed class Shouter : IDisposable
    {
        private readonly Socket listener = new(SocketType.Stream, ProtocolType.Tcp);
        private readonly List<Socket> sockets = [];
        private readonly string what;
        private readonly string answer;
        private long moved;

        public Shouter(string what, string answer)
        {
            this.what = what;
            this.answer = answer;
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen();
            Start(() =>
            {
                while (true)
                {
                    var socket = Kept(listener.Accept());
                    Start(() => Serve(socket));
                }
            });
        }

        public int Port => ((IPEndPoint)listener.LocalEndPoint!).Port;

        /// <summary>Bytes that came through the gateway.</summary>
        public long Moved => Interlocked.Read(ref moved);

        public void Attack(int gateway, string request, int count)
        {
            for (var i = 0; i < count; i++)
            {
                var socket = Kept(new Socket(SocketType.Stream, ProtocolType.Tcp));
                socket.Connect(IPAddress.Loopback, gateway);
                socket.Send(Encoding.ASCII.GetBytes(request));
                Start(() => Read(socket));
                if (what.Contains("requests", StringComparison.Ordinal))
                    Start(() => Send(socket, Repeat(request)));
                else if (what.Contains("body", StringComparison.Ordinal) || what.Contains("tunnel", StringComparison.Ordinal))
                    Start(() => Send(socket, Piece()));
            }
        }

        public void Dispose()
        {
            listener.Dispose();
            lock (sockets)
                sockets.ForEach(socket => socket.Dispose());
        }

        private void Serve(Socket socket)
        {
            if (what == "requests without a pause")
            {
                var heard = new byte[64 * 1024];
                var answers = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + new string('x', 100));
                while (socket.Receive(heard) > 0)
                    socket.Send(answers);
                return;
            }

            socket.Receive(new byte[4096]);
            if (answer.Length == 0)
            {
                Read(socket);
                return;
            }

            socket.Send(Encoding.ASCII.GetBytes(answer));
            if (what.Contains("tunnel", StringComparison.Ordinal))
                Start(() => Read(socket));
            Send(socket, Piece());
        }

        private byte[] Piece() => what.Contains("chunks", StringComparison.Ordinal) ? Repeat("400\r\n" + new string('x', 1024) + "\r\n") : new byte[64 * 1024];

        private static byte[] Repeat(string text) => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(text, 60)));

        private void Read(Socket socket)
        {
            var buffer = new byte[256 * 1024];
            for (int count; (count = socket.Receive(buffer)) > 0;)
                Interlocked.Add(ref moved, count);
        }

        private static void Send(Socket socket, byte[] piece)
        {
            while (true)
                socket.Send(piece);
        }

        private Socket Kept(Socket socket)
        {
            lock (sockets)
                sockets.Add(socket);
            return socket;
        }

        private static void Start(Action act) => new Thread(() =>
        {
            try
            {
                act();
            }
            catch (Exception over) when (over is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        })
        {
            IsBackground = true,
        }.Start();
    }
}
