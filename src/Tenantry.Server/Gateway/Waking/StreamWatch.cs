using System.IO.Pipelines;
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
    private readonly IHttpResponseBodyFeature? body = context.Features.Get<IHttpResponseBodyFeature>();
    private bool isStream;
    private bool hasEnded;

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

    /// <summary>A request whose connection could not be made is sent anew, and watched anew: nothing of this watch stays.</summary>
    public void End()
    {
        hasEnded = true;
        context.Features.Set(upgrade);
        context.Features.Set(connect);
        context.Features.Set(body);
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

    // It is one from its head on: until the first event there may be hours.
    private void WatchAnswer()
    {
        context.Response.OnStarting(static watch => ((StreamWatch)watch).Started(), this);
        context.Features.Set<IHttpResponseBodyFeature>(new MovingBody(body!, MovedInAnswer));
    }

    private Task Started()
    {
        if (!hasEnded && context.Response.ContentType?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true)
        {
            BecomeStream();
            gate.Moved();
        }

        return Task.CompletedTask;
    }

    private MovingStream Watched(Stream stream)
    {
        BecomeStream();
        return new MovingStream(stream, gate.Moved);
    }

    private void MovedInAnswer()
    {
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
    /// <summary>An answer's body that says when something goes through, and is otherwise as it was.</summary>
    private sealed class MovingBody(IHttpResponseBodyFeature inner, Action moved) : IHttpResponseBodyFeature
    {
        public Stream Stream { get; } = new MovingStream(inner.Stream, moved);

        public PipeWriter Writer { get; } = new MovingWriter(inner.Writer, moved);

        public void DisableBuffering() => inner.DisableBuffering();

        public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => inner.SendFileAsync(path, offset, count, cancellationToken);

        public Task CompleteAsync() => inner.CompleteAsync();
    }

    private sealed class MovingWriter(PipeWriter inner, Action moved) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override void Advance(int bytes)
        {
            moved();
            inner.Advance(bytes);
        }

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
        {
            moved();
            return inner.WriteAsync(source, cancellationToken);
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
    }
}
