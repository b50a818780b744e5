using Microsoft.AspNetCore.Http.Features;

namespace Tenantry.Dashboard.Serving;

/// <summary>The head of an answer of the API; it is sent with the first byte of its body, or when the answer is flushed.</summary>
internal sealed class ApiAnswer : HttpResponseFeature
{
    private readonly List<(Func<object, Task> Call, object State)> starting = [];
    private bool hasStarted;

    /// <param name="body">Where the body goes.</param>
    /// <param name="begun">Called once the head will not change any more.</param>
    public ApiAnswer(Stream body, Action begun) => Begin = new BodyStream(this, body, begun);

    /// <summary>The body.</summary>
    public Stream Begin { get; }

    public override bool HasStarted => hasStarted;

    public override void OnStarting(Func<object, Task> callback, object state) => starting.Add((callback, state));

    private async Task StartAsync(Action begun)
    {
        if (hasStarted)
            return;
        foreach (var (call, state) in Enumerable.Reverse(starting))
            await call(state);
        hasStarted = true;
        begun();
    }

    private sealed class BodyStream(ApiAnswer answer, Stream inner, Action begun) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async Task FlushAsync(CancellationToken cancellationToken)
        {
            await answer.StartAsync(begun);
            await inner.FlushAsync(cancellationToken);
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await answer.StartAsync(begun);
            await inner.WriteAsync(buffer, cancellationToken);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush() => FlushAsync(CancellationToken.None).GetAwaiter().GetResult();

        public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
