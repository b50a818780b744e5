using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Instances;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Gateway.Tls;
using Tenantry.Server.Gateway.Waking;

namespace Tenantry.Server.Gateway.Webhooks;

/// <summary>
/// Delivers stored webhooks: wakes the instance, sends them in order, one at a time, and removes each when the app has taken it. A crash between the app's answer
/// and the removal sends it once more, with the same id.
/// </summary>
internal sealed class WebhookDelivery(
    WebhookBox box, Routes routes, Gates gates, Waker waker, IForwarder forwarder, Action<FirstByte> tell, Func<bool> routesAreWhole, TimeProvider time, ILogger log,
    IWebhookObserver? observer = null) : BackgroundService
{
    private const string Refused = "the app refused it: ";
    private const int NoAnswer = 0;
    private const int MostWakes = 2;
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, Queue> queues = new(StringComparer.Ordinal);
    private readonly Channel<string> arrived = Channel.CreateUnbounded<string>();

    /// <summary>A webhook was stored for that instance.</summary>
    public void Stored(string instanceId) => arrived.Writer.TryWrite(instanceId);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        // One gateway delivers, also while another takes over from it; the kernel lets go of the lock however it ends.
        using var only = await HoldAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            // One that was just stored, at once; what is to be tried again, or was put back by a person, with the next sweep.
            TendAll(() => box.Instances, stoppingToken);
            using var sweep = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            sweep.CancelAfter(Sweep);
            try
            {
                await foreach (var id in arrived.Reader.ReadAllAsync(sweep.Token))
                    TendAll(() => [id], stoppingToken);
            }
            catch (OperationCanceledException)
            {
                // It is time, or the gateway stops.
            }
        }

        await Task.WhenAll(queues.Values.Select(queue => queue.Working));
    }

    // Senders have been told that theirs are delivered: whatever is in the way of that is to go away, and the log says what it is.
    private async Task<IDisposable> HoldAsync(CancellationToken stopping)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                return await box.HoldAsync(stopping);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                log.LogError(failure, "No stored webhook is delivered: their folder could not be opened. It is tried again in {Seconds} s", pause.TotalSeconds);
                await Task.Delay(pause, time, stopping);
            }
        }
    }

    private void TendAll(Func<IEnumerable<string>> ids, CancellationToken stopping)
    {
        try
        {
            foreach (var id in ids())
                Tend(id, stopping);
        }
        catch (Exception failure)
        {
            log.LogError(failure, "The stored webhooks could not be looked at");
        }
    }

    private void Tend(string id, CancellationToken stopping)
    {
        // Asked first: the table that is looked into next is the whole one then.
        var areWhole = routesAreWhole();
        var route = routes.Table.FindInstance(id);
        if (route is null)
        {
            if (areWhole)
            {
                box.Forget(id);
                queues.TryRemove(id, out _);
            }

            return;
        }

        if (!box.HasPending(id))
        {
            if (!queues.TryGetValue(id, out var last) || last.Working.IsCompleted)
            {
                queues.TryRemove(id, out _);
                box.Tidy(id);
            }

            return;
        }

        var queue = queues.GetOrAdd(id, _ => new Queue());
        if (queue.Working.IsCompleted && time.GetUtcNow() >= queue.NotBefore)
            queue.Working = Task.Run(() => DeliverAllAsync(id, route.Slug, queue, stopping), CancellationToken.None);
    }

    private async Task DeliverAllAsync(string id, string slug, Queue queue, CancellationToken stopping)
    {
        try
        {
            while (!stopping.IsCancellationRequested && box.ListPending(id) is [var path, ..])
            {
                if (WebhookBox.Read(path) is not { } webhook)
                {
                    // A person dropped it.
                    if (!File.Exists(path))
                        continue;
                    log.LogError("{Path} is no whole webhook; it is set aside", path);
                    File.Move(path, path + ".damaged", overwrite: true);
                    continue;
                }

                var why = webhook.Failure ?? (time.GetUtcNow() >= webhook.ExpiresAt ? "it was too old" : await SendAsync(id, webhook, stopping));
                if (why is null)
                    WebhookBox.Remove(path);
                else if (webhook.Failure is not null || why.StartsWith(Refused, StringComparison.Ordinal) || time.GetUtcNow() >= webhook.ExpiresAt)
                    await BuryAsync(id, slug, path, webhook, why, stopping);
                else
                {
                    queue.Failed(time.GetUtcNow());
                    log.LogWarning("A webhook for {Slug} was not delivered and is tried again at {At}: {Reason}", slug, queue.NotBefore, why);
                    return;
                }

                observer?.Boundary();
                queue.Succeeded();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // It is sent when the gateway is back.
        }
        catch (Exception failure)
        {
            queue.Failed(time.GetUtcNow());
            log.LogError(failure, "Webhooks for {Slug} could not be delivered", slug);
        }
    }

    private async Task BuryAsync(string id, string slug, string path, StoredWebhook webhook, string why, CancellationToken stopping)
    {
        log.LogWarning("A webhook for {Slug} is not tried any more: {Reason}", slug, why);
        if (await box.BuryAsync(id, path, webhook, why, stopping) is var dropped and > 0)
            log.LogWarning("{Count} dead webhooks of {Slug}, the oldest, were removed: there were more than are kept, or they were too old", dropped, slug);
    }

    // Null: the app has it. Otherwise why not.
    private async Task<string?> SendAsync(string id, StoredWebhook webhook, CancellationToken stopping)
    {
        var route = routes.Table.FindInstance(id);
        if (route is null)
            return "no route leads to the instance";
        var gate = gates.Of(id);
        var open = gate.TryEnter(route);
        WakeRecord? wake = null;
        var seen = time.GetTimestamp();
        if (open is null && route.State is not (RouteState.Open or RouteState.Resting))
            return "the instance does not run";
        for (var tries = 1; open is null; tries++)
        {
            var answer = await waker.WakeAsync(id, seen, Patience).WaitAsync(stopping);
            if (answer.Outcome != WakeOutcome.Awake)
                return answer.Reason;
            wake = answer.Wake;
            open = gate.TryEnter(route.OpenAt(answer.Endpoint!));
            if (open is null && tries == MostWakes)
                return "it was put to rest again";
        }

        try
        {
            var context = ContextOf(webhook, stopping);
            observer?.Boundary();
            var failed = await forwarder.ForwardAsync(context, open);
            observer?.Boundary();
            if (failed is not null)
                return failed == GatewayAnswer.NotForwarded ? Refused + failed.Detail : failed.Detail;
            if (context.Response.StatusCode == NoAnswer)
                stopping.ThrowIfCancellationRequested();
            else if (wake is not null && FirstByte.Now(id, wake, seen, time) is { } first)
                tell(first);
            return context.Response.StatusCode switch
            {
                NoAnswer => "the app did not answer",
                < 300 => null,
                408 or 425 or 429 or >= 500 => string.Create(CultureInfo.InvariantCulture, $"the app answered {context.Response.StatusCode}"),
                var status => string.Create(CultureInfo.InvariantCulture, $"{Refused}{status}"),
            };
        }
        finally
        {
            gate.Leave();
        }
    }

    private static DefaultHttpContext ContextOf(StoredWebhook webhook, CancellationToken stopping)
    {
        var context = new DefaultHttpContext { RequestAborted = stopping };
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = webhook.Target;
        var request = context.Request;
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
            context.Features.Set<ITlsConnectionFeature>(new TlsSession(default, certificate: null));
        context.Features.Set<IHttpRequestBodyDetectionFeature>(new WithBody(webhook.Body.Length > 0));
        context.Features.Set(Delivery.Mark);
        if (IPAddress.TryParse(webhook.Peer, out var peer))
            context.Connection.RemoteIpAddress = peer;
        // What it stays when nothing comes, as when this gateway stops in the middle.
        context.Response.StatusCode = NoAnswer;
        context.Response.Body = Stream.Null;
        return context;
    }

    private sealed record WithBody(bool CanHaveBody) : IHttpRequestBodyDetectionFeature;

    private sealed class Queue
    {
        private int failures;

        public Task Working { get; set; } = Task.CompletedTask;

        public DateTimeOffset NotBefore { get; private set; }

        public void Failed(DateTimeOffset now)
        {
            var pause = FirstPause * Math.Pow(2, Math.Min(failures++, 20));
            NotBefore = now + (pause < LongestPause ? pause : LongestPause);
        }

        public void Succeeded() => failures = 0;
    }
}
