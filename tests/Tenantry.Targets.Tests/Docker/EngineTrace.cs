using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>A socket in front of an engine's that hands everything through and remembers what was asked.</summary>
internal sealed partial class EngineTrace : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _end = new();
    private readonly List<string> _asked = [];
    private readonly string _engine;
    private readonly Task _accepting;

    internal EngineTrace(string engine, string socket)
    {
        _engine = engine;
        _listener.Bind(new UnixDomainSocketEndPoint(socket));
        _listener.Listen(64);
        _accepting = AcceptAsync();
    }

    /// <summary>What was asked since the last call: method and path without version, ids and query.</summary>
    internal IReadOnlyList<string> Take()
    {
        lock (_asked)
        {
            var taken = _asked.ToList();
            _asked.Clear();
            return taken;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptAsync(_end.Token));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var engine = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using (client)
        {
            try
            {
                await engine.ConnectAsync(new UnixDomainSocketEndPoint(_engine), _end.Token);
                await Task.WhenAny(CopyAsync(client, engine, Remember), CopyAsync(engine, client, _ => { }));
            }
            catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // One side left.
            }
        }
    }

    private async Task CopyAsync(Socket from, Socket to, Action<ReadOnlySpan<byte>> seen)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReceiveAsync(buffer, SocketFlags.None, _end.Token) is > 0 and var count)
        {
            seen(buffer.AsSpan(0, count));
            for (var sent = 0; sent < count;)
                sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), SocketFlags.None, _end.Token);
        }
    }

    private void Remember(ReadOnlySpan<byte> bytes)
    {
        lock (_asked)
        {
            foreach (Match request in Request().Matches(Encoding.Latin1.GetString(bytes)))
                _asked.Add($"{request.Groups[1].Value} {Id().Replace(request.Groups[2].Value, "/ID")}");
        }
    }

    [GeneratedRegex(@"^(GET|POST|PUT|DELETE|HEAD) /v[0-9.]+([^ ?]*)[^ ]* HTTP/1\.1\r?$", RegexOptions.Multiline)]
    private static partial Regex Request();

    [GeneratedRegex("/[0-9a-f]{64}|(?<=/containers)/tn[^/]*")]
    private static partial Regex Id();
}
