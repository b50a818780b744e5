using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Gateway.Webhooks;

/// <summary>
/// Delivers stored webhooks: wakes the instance, sends them in order, one at a time, and removes each when the app has taken it. A crash between the app's answer
/// and the removal sends it once more, with the same id.
/// </summary>
internal sealed class WebhookDelivery(
    WebhookBox box, Routes routes, WebhookSender sender, Func<bool> routesAreWhole, TimeProvider time, ILogger log, IWebhookObserver? observer = null) : BackgroundService
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<string, WebhookQueue> queues = new(StringComparer.Ordinal);
    private readonly Channel<string> arrived = Channel.CreateUnbounded<string>();
    private readonly CancellationTokenSource cut = new();

    /// <summary>A webhook was stored for that instance.</summary>
    public void Stored(string instanceId) => arrived.Writer.TryWrite(instanceId);

    /// <summary>Begins no delivery any more; those under way may end until it is cancelled, and are cut then.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await using var late = cancellationToken.UnsafeRegister(static cut => ((CancellationTokenSource)cut!).Cancel(), cut);
        await base.StopAsync(CancellationToken.None);
    }

    public override void Dispose()
    {
        cut.Dispose();
        base.Dispose();
    }

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
        for (var failures = 0; ; failures++)
        {
            try
            {
                return await box.HoldAsync(stopping);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                var pause = WebhookPause.After(failures);
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

        var queue = queues.GetOrAdd(id, _ => new WebhookQueue(box.Pauses.Read(id)) { IsNoted = true });
        if (!queue.Working.IsCompleted)
            return;
        if (queue.IsNoted && !box.Pauses.Has(id))
            queue.Again();
        var known = queue.Pause;
        if (queue.MayTry(time.GetUtcNow(), sender.WayTo(route), sender.Closings(id)))
            queue.Working = Task.Run(() => DeliverAllAsync(id, route, queue, stopping), CancellationToken.None);
        else if (queue.Pause is { } pause && pause != known)
            Note(id, route, pause, queue);
    }

    private async Task DeliverAllAsync(string id, Route route, WebhookQueue queue, CancellationToken stopping)
    {
        var (inHand, file) = (queue.Pause?.Id ?? "", "");
        try
        {
            while (!stopping.IsCancellationRequested && box.ListPending(id) is [var path, ..])
            {
                (inHand, file) = (WebhookBox.IdOf(path), path);
                if (WebhookBox.Read(path) is not { } webhook)
                {
                    // A person dropped it.
                    if (!File.Exists(path))
                        continue;
                    log.LogError("{Path} is no whole webhook; it is set aside", path);
                    File.Move(path, path + ".damaged", overwrite: true);
                    continue;
                }

                var attempt = queue.Settled(path) ?? await TryAsync(id, webhook, queue, stopping);
                if (attempt.End is AttemptEnd.NotNow or AttemptEnd.Late && time.GetUtcNow() < webhook.ExpiresAt)
                {
                    Pause(id, route, webhook.Id, attempt, queue);
                    return;
                }

                queue.Settle(path, attempt);
                if (attempt.End == AttemptEnd.Delivered)
                    WebhookBox.Remove(path);
                else
                    await BuryAsync(id, route.Slug, path, webhook, attempt.Why);
                observer?.Boundary();
                EndPause(id, queue);
                inHand = "";
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // It is sent when the gateway is back.
        }
        catch (Exception failure)
        {
            log.LogError(failure, "Webhooks for {Slug} could not be delivered", route.Slug);
            var what = queue.Settled(file) is null ? "the gateway failed" : "it is not sent any more, and the gateway could not take it away";
            Pause(id, route, inHand, new Attempt(AttemptEnd.NotNow, what + "; its log says how"), queue);
        }
    }

    private async Task<Attempt> TryAsync(string id, StoredWebhook webhook, WebhookQueue queue, CancellationToken stopping)
    {
        if (webhook.Failure is { } failure)
            return new Attempt(AttemptEnd.Refused, failure);
        if (time.GetUtcNow() >= webhook.ExpiresAt)
            return new Attempt(AttemptEnd.Refused, queue.LastReason(webhook.Id) is { } last ? "it was too old; when it was last tried: " + last : "it was too old");
        var attempt = await sender.SendAsync(id, webhook, stopping, cut.Token);
        return attempt.End == AttemptEnd.Late && queue.LateWith(webhook.Id) is var times and >= WebhookQueue.MostLate
            ? new Attempt(AttemptEnd.Refused, string.Create(CultureInfo.InvariantCulture, $"{attempt.Why}, {times} times"))
            : attempt;
    }

    private void Pause(string id, Route route, string webhook, Attempt attempt, WebhookQueue queue)
    {
        // Of one that fails for hours in the same way the list says it all, and the log it once.
        var level = queue.LastReason(webhook) == attempt.Why ? LogLevel.Debug : LogLevel.Warning;
        var pause = queue.Failed(webhook, attempt, time.GetUtcNow(), sender.WayTo(routes.Table.FindInstance(id) ?? route), sender.Closings(id));
        log.Log(level, "A webhook for {Slug} was not delivered and is tried again at {At}: {Reason}", route.Slug, pause.Until, pause.Reason);
        Note(id, route, pause, queue);
    }

    private void Note(string id, Route route, WebhookPause pause, WebhookQueue queue)
    {
        try
        {
            box.Pauses.Write(id, pause);
            queue.IsNoted = true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            queue.IsNoted = false;
            log.LogWarning(failure, "Why webhooks for {Slug} wait could not be written down", route.Slug);
        }
    }

    private void EndPause(string id, WebhookQueue queue)
    {
        queue.Succeeded();
        if (queue.IsNoted)
            box.Pauses.End(id);
        queue.IsNoted = false;
    }

    private async Task BuryAsync(string id, string slug, string path, StoredWebhook webhook, string why)
    {
        log.LogWarning("A webhook for {Slug} is not tried any more: {Reason}", slug, why);
        if (await box.BuryAsync(id, path, webhook, why, cut.Token) is var dropped and > 0)
            log.LogWarning("{Count} dead webhooks of {Slug}, the oldest, were removed: there were more than are kept, or they were too old", dropped, slug);
    }
}
