using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tenantry.Targets.Streams;

namespace Tenantry.Server.Gateway.Waking;

/// <summary>
/// Tells WebSockets, tunnels and event streams from requests: they stay open for hours and count only while something moves. Only requests that can
/// become one are looked at; the others cost nothing.
/// </summary>
internal sealed class StreamWatch(InstanceGate gate, HttpContext context) : IHttpUpgradeFeature, IHttpExtendedConnectFeature
{
    private readonly IHttpUpgradeFeature? upgrade = context.Features.Get<IHttpUpgradeFeature>();
    private readonly IHttpExtendedConnectFeature? connect = context.Features.Get<IHttpExtendedConnectFeature>();
    private bool isStream;

    public bool IsUpgradableRequest => upgrade?.IsUpgradableRequest == true;

    public bool IsExtendedConnect => connect?.IsExtendedConnect == true;

    public string? Protocol => connect?.Protocol;

    /// <summary>Watches the request if it may become a stream; otherwise null. <see cref="End"/> must follow.</summary>
    public static StreamWatch? Begin(InstanceGate gate, HttpContext context)
    {
        var isTunnel = context.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true || context.Features.Get<IHttpExtendedConnectFeature>()?.IsExtendedConnect == true;
        var wantsEvents = !isTunnel && context.Request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase);
        if (!isTunnel && !wantsEvents)
            return null;
        var watch = new StreamWatch(gate, context);
        if (isTunnel)
            watch.WatchTunnel();
        else
            watch.WatchAnswer();
        return watch;
    }

    public void End()
    {
        if (isStream)
            gate.EndStream();
    }

    public async Task<Stream> UpgradeAsync() => Watched(await upgrade!.UpgradeAsync());

    public async ValueTask<Stream> AcceptAsync() => Watched(await connect!.AcceptAsync());

    private void WatchTunnel()
    {
        if (upgrade is not null)
            context.Features.Set<IHttpUpgradeFeature>(this);
        if (connect is not null)
            context.Features.Set<IHttpExtendedConnectFeature>(this);
    }

    private void WatchAnswer()
    {
        var before = context.Features.Get<IHttpResponseBodyFeature>()!;
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(new MovingStream(before.Stream, MovedInAnswer), before));
    }

    private MovingStream Watched(Stream stream)
    {
        BecomeStream();
        return new MovingStream(stream, gate.Moved);
    }

    private void MovedInAnswer()
    {
        if (!isStream && context.Response.ContentType?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true)
            BecomeStream();
        if (isStream)
            gate.Moved();
    }

    private void BecomeStream()
    {
        if (isStream)
            return;
        isStream = true;
        gate.BecomeStream();
    }

    /// <summary>Says when something goes through.</summary>
    private sealed class MovingStream(Stream inner, Action moved) : SequentialStream
    {
        public override bool CanRead => inner.CanRead;

        public override bool CanWrite => inner.CanWrite;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await inner.ReadAsync(buffer, cancellationToken);
            if (count > 0)
                moved();
            return count;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            moved();
            return inner.WriteAsync(buffer, cancellationToken);
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Write asynchronously.");

        public override ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
