using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text.Json;
using Tenantry.Server.Gateway;
using Tenantry.Server.Tests.Serving;
using Endpoint = Tenantry.Model.Instances.Endpoint;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>What an app that speaks HTTP/2 can make the gateway hold.</summary>
public class H2cMemoryTests
{
    private const string Setting = "System.Net.SocketsHttpHandler.Http2FlowControl.DisableDynamicWindowSizing";
    private const int Whole = 8 * 1024 * 1024;
    private const int LongestFrame = 16 * 1024;
    private const int InitialWindow = 4;
    private const int IsAck = 1;
    private static readonly TimeSpan Far = TimeSpan.FromMilliseconds(300);
    private long said;
    private volatile int own;
    private volatile bool hasToWait;

    /// <summary>Says as much as it may on the first stream, and pretends to be far away: a client that measures that would let it say ever more.</summary>
    private async Task TalkAsync(NetworkStream stream)
    {
        using var writing = new SemaphoreSlim(1);
        var (ofStream, inAll) = (0L, 65_535L);
        own = 65_535;
        await stream.ReadExactlyAsync(new byte["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".Length]);
        await SendAsync(RawHttp2.Frame(RawHttp2.Settings, 0, 0, []));
        while (true)
        {
            var (type, of, payload) = await RawHttp2.ReadAsync(stream, CancellationToken.None);
            hasToWait = false;
            switch (type)
            {
                case RawHttp2.Settings when of.Flags != IsAck:
                    for (var i = 0; i < payload.Length; i += 6)
                        own = BinaryPrimitives.ReadInt16BigEndian(payload.AsSpan(i)) == InitialWindow ? BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(i + 2)) : own;
                    await SendAsync(RawHttp2.Frame(RawHttp2.Settings, IsAck, 0, []));
                    break;
                case RawHttp2.Ping when of.Flags != IsAck:
                    _ = AnswerLaterAsync(payload);
                    break;
                case RawHttp2.Headers:
                    ofStream += own;
                    await SendAsync(RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders, 1, [0x88]));
                    break;
                case RawHttp2.WindowUpdate when of.Stream == 0:
                    inAll += BinaryPrimitives.ReadUInt32BigEndian(payload);
                    break;
                case RawHttp2.WindowUpdate:
                    ofStream += BinaryPrimitives.ReadUInt32BigEndian(payload);
                    break;
            }

            for (int piece; (piece = (int)Math.Min(LongestFrame, Math.Min(ofStream, inAll))) > 0;)
            {
                await SendAsync(RawHttp2.Frame(RawHttp2.Data, 0, 1, new byte[piece]));
                (ofStream, inAll) = (ofStream - piece, inAll - piece);
                Interlocked.Add(ref said, piece);
            }

            hasToWait = Interlocked.Read(ref said) > 0;
        }

        async Task AnswerLaterAsync(byte[] payload)
        {
            await Task.Delay(Far);
            await SendAsync(RawHttp2.Frame(RawHttp2.Ping, IsAck, 0, payload)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task SendAsync(byte[] frame)
        {
            await writing.WaitAsync();
            try
            {
                await stream.WriteAsync(frame);
            }
            finally
            {
                writing.Release();
            }
        }
    }

    [Fact]
    public async Task AnAppThatSaysMoreThanItsClientReadsFillsNoMemoryOfTheGateway()
    {
        await using var app = RawUpstream.Start(async (connection, _) =>
        {
            await using var stream = new NetworkStream(connection.Socket);
            await TalkAsync(stream);
        });
        await using var gateway = await TestGateway.StartAsync();
        gateway.Lead(("alice.localhost", new Route("id-alice", "alice", "alice", RouteState.Open, new Endpoint("127.0.0.1", app.Port)) { SpeaksHttp2 = true }));
        await using var client = await RawHttp2.ConnectAsync(gateway.Port);
        await client.MayComeAsync(0, Whole);
        await client.AskAsync("/", "alice.localhost");
        await client.MayComeAsync(1, Whole);

        // In pieces: the app is to see that its client reads.
        for (var read = 0; read < Whole; read += Whole / 8)
        {
            await client.ReadBodyAsync(Whole / 8);
            await Task.Delay(Far / 3);
        }

        // What its first window lets it say ahead is said, however slow this machine is.
        await AtRest.UntilAsync(() => hasToWait && Interlocked.Read(ref said) >= Whole + (own / 2));
        await Waiting.ForQuietAsync(() => Interlocked.Read(ref said));
        (Interlocked.Read(ref said) - Whole).ShouldBeInRange(own / 2, 1024 * 1024);
    }

    [Fact]
    public void TheProgramItselfLetsNoWindowGrow()
    {
        using var settings = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "tenantry.runtimeconfig.json")));

        settings.RootElement.GetProperty("runtimeOptions").GetProperty("configProperties").GetProperty(Setting).GetBoolean().ShouldBeTrue();
        AppContext.TryGetSwitch(Setting, out var isOn).ShouldBeTrue();
        isOn.ShouldBeTrue("or these tests see another gateway than people run");
    }
}
