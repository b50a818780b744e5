using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>An app that says and takes as much as it can, and clients of the same kind.</summary>
internal sealed class Shouter : IDisposable
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
            var socket = Kept(new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 60_000 });
            socket.Connect(IPAddress.Loopback, gateway);
            // So that both connections are there and waited for on the polling thread.
            socket.Send(Encoding.ASCII.GetBytes("GET /first HTTP/1.1\r\nHost: mallory.localhost\r\n\r\n"));
            socket.Receive(new byte[4096]);
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
        var head = new byte[4096];
        while (socket.Receive(head) > 0 && head.AsSpan().StartsWith("GET /first "u8))
            socket.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8);
        if (what == "requests without a pause")
        {
            var heard = new byte[64 * 1024];
            var answers = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + new string('x', 100));
            do
                socket.Send(answers);
            while (socket.Receive(heard) > 0);
            return;
        }

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
