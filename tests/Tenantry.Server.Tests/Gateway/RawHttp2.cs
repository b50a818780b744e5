using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>A client that speaks HTTP/2 in frames, so that a test sees them.</summary>
internal sealed class RawHttp2 : IAsyncDisposable
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Reset = 3;
    public const byte Settings = 4;
    public const byte Ping = 6;
    public const byte WindowUpdate = 8;
    public const byte Continuation = 9;
    public const int EndStream = 1;
    public const int EndHeaders = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly NetworkStream stream;

    private RawHttp2(NetworkStream stream) => this.stream = stream;

    public static async Task<RawHttp2> ConnectAsync(int port, int? receiveBuffer = null)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer is { } size)
            socket.ReceiveBufferSize = size;
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var client = new RawHttp2(new NetworkStream(socket, ownsSocket: true));
        await client.stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        await client.SendAsync(Settings, 0, 0, []);
        return client;
    }

    /// <summary>A GET on a stream.</summary>
    public Task AskAsync(string path, string authority, int streamId = 1) => SendAsync(Headers, EndStream | EndHeaders, streamId, Fields((":method", "GET"), (":scheme", "http"), (":path", path), (":authority", authority)));

    /// <summary>The frames of the answer on stream 1, to its end.</summary>
    public async Task<IReadOnlyList<string>> AnswerFramesAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var frames = new List<string>();
        while (true)
        {
            var (type, of, _) = await ReadAsync(stream, patience.Token);
            if (of.Stream != 1)
                continue;
            var isLast = type is Data or Headers && (of.Flags & EndStream) != 0;
            frames.Add((type switch { Data => "DATA", Headers => "HEADERS", var other => $"frame {other}" }) + (isLast ? " end" : ""));
            if (isLast || type == Reset)
                return frames;
        }
    }

    /// <summary>Reads some bytes, whatever frames they are of.</summary>
    public async Task ReadSomeAsync(int most)
    {
        using var patience = new CancellationTokenSource(Patience);
        (await stream.ReadAsync(new byte[most], patience.Token)).ShouldBeGreaterThan(0);
    }

    /// <summary>Reads until so many bytes of a body have come.</summary>
    public async Task ReadBodyAsync(long bytes)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (bytes > 0)
        {
            var (type, _, payload) = await ReadAsync(stream, patience.Token);
            if (type == Data)
                bytes -= payload.Length;
        }
    }

    /// <summary>A frame: its type, flags and stream, and what it carries.</summary>
    public static async Task<(byte Type, (byte Flags, int Stream) Of, byte[] Payload)> ReadAsync(Stream from, CancellationToken cancellationToken)
    {
        var header = new byte[9];
        await from.ReadExactlyAsync(header, cancellationToken);
        var payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
        await from.ReadExactlyAsync(payload, cancellationToken);
        return (header[3], (header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5))), payload);
    }

    /// <summary>Sends the frames of a list again and again, with rising stream numbers, until the gateway has had enough. False: it never had.</summary>
    public async Task<bool> FloodAsync(Func<int, byte[]> frames, int most)
    {
        var reading = stream.CopyToAsync(Stream.Null);
        try
        {
            for (var i = 0; i < most && !reading.IsCompleted; i++)
                await stream.WriteAsync(frames((i * 2) + 1));
            await reading.WaitAsync(Patience);
            return true;
        }
        catch (IOException)
        {
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    // Literals that are not indexed (RFC 7541 6.2.2).
    public static byte[] Fields(params (string Name, string Value)[] fields) =>
        [.. fields.SelectMany(field => (byte[])[0, (byte)field.Name.Length, .. Encoding.ASCII.GetBytes(field.Name), (byte)field.Value.Length, .. Encoding.ASCII.GetBytes(field.Value)])];

    /// <summary>So many bytes more may come, on a stream, or on 0 in all.</summary>
    public Task MayComeAsync(int streamId, int bytes) => stream.WriteAsync(More(streamId, bytes)).AsTask();

    public Task SendAsync(byte type, int flags, int streamId, byte[] payload) => stream.WriteAsync(Frame(type, flags, streamId, payload)).AsTask();

    private static byte[] More(int streamId, int bytes)
    {
        var payload = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, bytes);
        return Frame(WindowUpdate, 0, streamId, payload);
    }

    public static byte[] Frame(byte type, int flags, int streamId, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        frame[1] = (byte)(payload.Length >> 8);
        frame[2] = (byte)payload.Length;
        frame[3] = type;
        frame[4] = (byte)flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), streamId);
        payload.CopyTo(frame, 9);
        return frame;
    }
}
