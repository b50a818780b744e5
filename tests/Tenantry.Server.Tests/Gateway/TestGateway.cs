using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Gateway.Limits;
using Tenantry.Server.Gateway.Tls;
using Tenantry.Server.Gateway.Waking;
using Tenantry.Server.Gateway.Webhooks;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>A gateway on a port of its own, in front of whatever its routes name.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly Forwarders forwarder;
    private readonly InstanceConnector connector;
    private readonly GatewayServer server;
    private readonly WakingParts waking;
    private readonly GatewayDoors doors;
    private BackgroundService? webhooks;

    private TestGateway(FakeEngine engine, IEngineLink link, ForwarderOptions options, WakingOptions waiting, CertificateFolder? certificates, SocketBudget sockets, TimeProvider time)
    {
        var loopback = new IPEndPoint(IPAddress.Loopback, 0);
        doors = GatewayDoors.Open(loopback, certificates is null ? null : loopback);
        Waiting = waiting;
        Engine = engine;
        connector = new InstanceConnector(link, sockets, NullLogger<InstanceConnector>.Instance);
        waking = new WakingParts(link, Waiting, connector.Drop, time, NullLoggerFactory.Instance);
        Routes = new Routes
        {
            Swapped = table =>
            {
                connector.Forget(table);
                waking.Gates.Follow(table);
            },
            Limiter = new RequestLimiter(options.Time),
        };
        forwarder = new Forwarders(connector, options, NullLoggerFactory.Instance);
        waking.Attendance.Rested = forwarder.Rest;
        server = new GatewayServer(Routes, waking.Room, forwarder, doors, certificates, options, NullLoggerFactory.Instance);
    }

    public FakeEngine Engine { get; }

    public WakingOptions Waiting { get; }

    /// <summary>Requests that are held.</summary>
    public int Held => waking.Room.Waiting;

    internal InstanceGate GateOf(string instanceId) => waking.Gates.Of(instanceId);

    public int WaitingFor(string instanceId) => waking.Room.WaitingFor(instanceId);

    public Routes Routes { get; }

    public GatewayServer Server => server;

    public int Port => doors.Address.Port;

    /// <summary>TCP_USER_TIMEOUT of its door, in milliseconds, which each connection has of it.</summary>
    public int TimeToTake
    {
        get
        {
            var value = new byte[4];
            doors.Plain.GetRawSocketOption(6, 18, value);
            return BitConverter.ToInt32(value);
        }
    }

    public int TlsPort => doors.TlsAddress!.Port;

    /// <summary>With its own engine, or with the one behind the link.</summary>
    public static async Task<TestGateway> StartAsync(
        FakeEngine? engine = null, ForwarderOptions? options = null, WakingOptions? waiting = null, CertificateFolder? certificates = null, IEngineLink? link = null,
        SocketBudget? sockets = null, TimeProvider? time = null)
    {
        engine ??= new FakeEngine();
        var gateway = new TestGateway(engine, link ?? engine, options ?? new ForwarderOptions(), waiting ?? new WakingOptions(), certificates, sockets ?? new SocketBudget(10_000), time ?? TimeProvider.System);
        engine.Wake = gateway.SayWhatRuns;
        await gateway.waking.Attendance.StartAsync(CancellationToken.None);
        await gateway.server.StartAsync(CancellationToken.None);
        return gateway;
    }

    /// <summary>Stores webhooks in that folder and delivers them from it.</summary>
    public async Task<WebhookBox> KeepWebhooksAsync(string folder, Func<bool>? routesAreWhole = null, TimeProvider? time = null)
    {
        webhooks = waking.KeepWebhooks(folder, Routes, forwarder, routesAreWhole ?? (() => true), time ?? TimeProvider.System, NullLogger.Instance);
        await webhooks.StartAsync(CancellationToken.None);
        return new WebhookBox(folder, time ?? TimeProvider.System);
    }

    /// <summary>Stops the delivery of webhooks, as a gateway does beside the drain of its clients.</summary>
    public Task StopWebhooksAsync(CancellationToken drain) => webhooks!.StopAsync(drain);

    /// <summary>Leads alice.localhost to a port of this machine.</summary>
    public void Lead(int port, string slug = "alice", RouteState state = RouteState.Open, Endpoint? endpoint = null, WakeRules? rules = null) => Lead(
        (slug + ".localhost", new Route("id-" + slug, slug, slug + "-tenant", state, state == RouteState.Open ? endpoint ?? new Endpoint("127.0.0.1", port) : null) { Rules = rules ?? WakeRules.Default }));

    public void Lead(params (string Host, Route Route)[] routes) =>
        Routes.Take(RouteTable.Of(routes.ToDictionary(r => r.Host, r => r.Route, StringComparer.Ordinal)), DateTimeOffset.UnixEpoch);

    /// <summary>A client that asks for alice.</summary>
    public HttpClient Client(string host = "alice.localhost", Version? version = null)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            Expect100ContinueTimeout = TimeSpan.FromSeconds(30),
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(IPAddress.Loopback, Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        return new HttpClient(handler)
        {
            BaseAddress = new Uri($"http://{host}:{Port}"),
            DefaultRequestVersion = version ?? HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = TimeSpan.FromSeconds(60),
        };
    }

    /// <summary>A connection to the gateway for speaking bytes.</summary>
    public async Task<RawConnection> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, Port);
        return new RawConnection(new NetworkStream(socket, ownsSocket: true));
    }

    // Until a test says otherwise: what has an open route runs there.
    private Task<WakeAnswer> SayWhatRuns(string instanceId, WakeRequest request) => Task.FromResult(
        Routes.Table.Hosts.Values.FirstOrDefault(route => route.InstanceId == instanceId) is { State: RouteState.Open } open
            ? new WakeAnswer(WakeOutcome.Awake, Endpoint: open.Endpoint)
            : new WakeAnswer(WakeOutcome.NotNow, "Nobody wakes it.", 1));

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await server.StopAsync(now.Token);
        await waking.Attendance.StopAsync(CancellationToken.None);
        await (webhooks?.StopAsync(now.Token) ?? Task.CompletedTask);
        webhooks?.Dispose();
        await server.DisposeAsync();
        doors.Dispose();
        forwarder.Dispose();
        connector.Dispose();
    }
}

/// <summary>Bytes to and from a peer, with a generous limit on waiting.</summary>
internal sealed class RawConnection(NetworkStream stream) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly StringBuilder received = new();

    public Socket Socket => stream.Socket;

    public string Received => received.ToString();

    public Task SendAsync(string text) => stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask();

    /// <summary>Reads until the text is there, and gives all that was read since the last call.</summary>
    public async Task<string> ReadUntilAsync(string text)
    {
        using var patience = new CancellationTokenSource(Patience);
        var buffer = new byte[4096];
        while (!Received.Contains(text, StringComparison.Ordinal))
        {
            var count = await stream.ReadAsync(buffer, patience.Token);
            if (count == 0)
                throw new IOException($"The peer closed before it said '{text}'. It said: {Received}");
            received.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        var end = Received.IndexOf(text, StringComparison.Ordinal) + text.Length;
        var head = Received[..end];
        received.Remove(0, end);
        return head;
    }

    /// <summary>Reads what there is, and forgets it.</summary>
    public async Task ReadSomeAsync(int most = 64 * 1024)
    {
        using var patience = new CancellationTokenSource(Patience);
        if (await stream.ReadAsync(new byte[most], patience.Token) == 0)
            throw new IOException("The peer has closed.");
    }

    /// <summary>Reads until the peer closes.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var buffer = new byte[4096];
        try
        {
            for (int count; (count = await stream.ReadAsync(buffer, patience.Token)) > 0;)
                received.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }
        catch (IOException)
        {
            received.Append("[reset]");
        }

        var all = Received;
        received.Clear();
        return all;
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
