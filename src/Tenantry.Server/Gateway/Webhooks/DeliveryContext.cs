using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tenantry.Server.Gateway.Tls;
using Tenantry.Targets.Streams;

namespace Tenantry.Server.Gateway.Webhooks;

/// <summary>
/// A stored webhook as a request. Of its answer only the status counts, and nobody is there who would leave: one whose head is there and whose body does not end
/// is ended here.
/// </summary>
internal sealed class DeliveryContext : IDisposable
{
    /// <summary>What the status stays when nothing comes, as when this gateway stops in the middle.</summary>
    public const int NoAnswer = 0;

    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(1);
    private readonly TimeProvider time;
    private readonly TimeSpan longestBody;
    private readonly CancellationTokenSource ending;
    private readonly CancellationTokenRegistration cutting;
    private long answeredAt;

    /// <param name="webhook">What to send.</param>
    /// <param name="longestBody">How long the answer's body may go on; a body in which nothing moves for a minute ends before.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cut">The answer is not waited for any more.</param>
    public DeliveryContext(StoredWebhook webhook, TimeSpan longestBody, TimeProvider time, CancellationToken cut)
    {
        (this.time, this.longestBody) = (time, longestBody);
        ending = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        cutting = cut.UnsafeRegister(static ending => ((CancellationTokenSource)ending!).Cancel(), ending);
        Http = new DefaultHttpContext { RequestAborted = ending.Token };
        Ask(webhook);
        Http.Features.Set<IHttpResponseFeature>(new Status(Moved));
        Http.Response.Body = new Nowhere(Moved);
    }

    public HttpContext Http { get; }

    public void Dispose()
    {
        cutting.Dispose();
        ending.Dispose();
    }

    private void Ask(StoredWebhook webhook)
    {
        Http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = webhook.Target;
        var request = Http.Request;
        request.Method = webhook.Method;
        request.Scheme = webhook.Scheme;
        request.Protocol = HttpProtocol.Http11;
        request.Headers.Host = webhook.Host;
        foreach (var (name, value) in webhook.Headers)
            request.Headers.Append(name, value);
        request.Headers[WebhookIntake.IdHeader] = webhook.Id;
        request.Headers["Tenantry-Received"] = webhook.ReceivedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        request.ContentLength = webhook.Body.Length;
        request.Body = new MemoryStream(webhook.Body);
        if (webhook.Scheme == "https")
            Http.Features.Set<ITlsConnectionFeature>(new TlsSession(default, certificate: null));
        Http.Features.Set<IHttpRequestBodyDetectionFeature>(new WithBody(webhook.Body.Length > 0));
        Http.Features.Set(Delivery.Mark);
        if (IPAddress.TryParse(webhook.Peer, out var peer))
            Http.Connection.RemoteIpAddress = peer;
    }

    // The head has come, or a piece of the body.
    private void Moved()
    {
        var now = time.GetTimestamp();
        if (answeredAt == 0)
            answeredAt = now;
        var left = longestBody - time.GetElapsedTime(answeredAt, now);
        if (left > TimeSpan.Zero)
            ending.CancelAfter(left < LongestSilence ? left : LongestSilence);
        else
            ending.Cancel();
    }

    private sealed record WithBody(bool CanHaveBody) : IHttpRequestBodyDetectionFeature;

    /// <summary>Says when the status comes.</summary>
    private sealed class Status(Action came) : IHttpResponseFeature
    {
        public int StatusCode
        {
            get;
            set
            {
                field = value;
                came();
            }
        }

        public string? ReasonPhrase { get; set; }

        public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

        public Stream Body { get; set; } = Stream.Null;

        public bool HasStarted => false;

        public void OnStarting(Func<object, Task> callback, object state)
        {
            // Nobody who looks at heads sits before an app's answer to a webhook.
        }

        public void OnCompleted(Func<object, Task> callback, object state)
        {
            // As above.
        }
    }

    private sealed class Nowhere(Action moved) : SequentialStream
    {
        public override bool CanWrite => true;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            moved();
            return default;
        }
    }
}
