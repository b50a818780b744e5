using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Events;
using Tenantry.Server.Instances;
using Tenantry.Server.Store;

namespace Tenantry.Server.Gateway;

/// <summary>Keeps the routes in step with the store, and on disk. While the store is away the last good routes stay.</summary>
public sealed class RouteFeed(
    Routes routes, InstanceIndex index, ChangeFeed changes, string baseDomain, string file, TimeProvider time, ILogger<RouteFeed> log) : BackgroundService
{
    // Many changes at once become one table; a long list of routes under steady change costs a tenth of a core at most.
    private const double Share = 0.1;
    private static readonly TimeSpan MostAtOnce = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LeastRest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan SlowLook = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenSaves = TimeSpan.FromSeconds(1);

    // A start without the store says how old its routes are: not older than they are by more than this.
    private static readonly TimeSpan SavedAgain = TimeSpan.FromMinutes(5);
    private readonly TaskCompletionSource loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isSaved = true;
    private DateTimeOffset savedAt = time.GetUtcNow();
    private bool isAway;
    private volatile bool isWhole;

    /// <summary>Completes when routes are there: from the store, or the saved ones.</summary>
    public Task Loaded => loaded.Task;

    /// <summary>True once there is a route for every instance that the store has: one without is gone. Saved routes may lack newer ones.</summary>
    public bool IsWhole => isWhole;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await FollowAsync(stoppingToken);
        }
        catch (Exception failure)
        {
            // Whoever waits for the first routes is not to wait for ever.
            loaded.TrySetException(failure);
            throw;
        }
    }

    private async Task FollowAsync(CancellationToken stoppingToken)
    {
        await LoadSavedAsync(stoppingToken);
        var saving = SaveAsync(stoppingToken);
        var budget = new WorkBudget(Share, MostAtOnce, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            var change = changes.NextChange;
            var begin = time.GetTimestamp();
            var worked = await LookAsync(stoppingToken);
            var rest = Task.Delay(LeastRest + budget.RestAfter(time.GetElapsedTime(begin)), time, stoppingToken);
            await Task.WhenAny(change, Task.Delay(worked ? SlowLook : BetweenSaves, time, stoppingToken));
            await rest.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await saving;
    }

    private async Task<bool> LookAsync(CancellationToken stopping)
    {
        try
        {
            var isFirst = !index.IsLoaded;
            if (await index.RefreshAsync(stopping) || isFirst)
                isSaved &= !routes.Take(RouteTable.Of(index.All, baseDomain), time.GetUtcNow());
            else
                routes.Take(routes.Table, time.GetUtcNow());
            isWhole = true;
            loaded.TrySetResult();
            if (isAway)
                log.LogInformation("The store is back: routes are as it says");
            isAway = false;
            return true;
        }
        catch (StoreUnavailableException failure)
        {
            // Said once, not every second.
            if (!isAway)
                log.LogWarning("Routes stay as they were at {At}: {Reason}", routes.ConfirmedAt, failure.Message);
            isAway = true;
            return false;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return true;
        }
        catch (Exception failure)
        {
            log.LogError(failure, "Routes stay as they were at {At}", routes.ConfirmedAt);
            return false;
        }
    }

    private async Task LoadSavedAsync(CancellationToken stopping)
    {
        SavedRoutes? saved;
        try
        {
            saved = await RouteFile.LoadAsync(file, stopping);
        }
        catch (IOException failure)
        {
            log.LogWarning("There are no saved routes, and none serve until the store answers: {Reason}", failure.Message);
            return;
        }

        if (saved is null)
            return;
        routes.Take(RouteTable.Of(saved.Hosts), saved.At);
        savedAt = saved.At;
        log.LogInformation("{Count} saved routes of {At:O} serve until the store answers", saved.Hosts.Count, saved.At);
        loaded.TrySetResult();
    }

    private async Task SaveAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await Task.Delay(BetweenSaves, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var confirmedAt = routes.ConfirmedAt ?? time.GetUtcNow();
            if (isSaved && confirmedAt - savedAt < SavedAgain)
                continue;
            isSaved = true;
            try
            {
                await RouteFile.SaveAsync(file, new SavedRoutes(confirmedAt, routes.Table.Hosts), CancellationToken.None);
                savedAt = confirmedAt;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                isSaved = false;
                log.LogWarning(failure, "The routes could not be saved");
            }
        }
    }
}
