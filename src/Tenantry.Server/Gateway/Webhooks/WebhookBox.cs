using System.Collections.Concurrent;
using System.Globalization;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Gateway.Webhooks;

/// <summary>
/// The webhooks of all instances on disk: <c>ID/pending</c> in the order in which they came, <c>ID/dead</c>. A file is there whole or not at all, and moves by
/// one rename, so that a crash between any two steps leaves each webhook in exactly one place.
/// </summary>
internal sealed class WebhookBox(string folder, TimeProvider time, IWebhookObserver? observer = null)
{
    public const int MostPerInstance = 1000;
    public const long MostBytesPerInstance = 100_000_000;
    private const long LeastFree = 256_000_000;
    private static readonly TimeSpan DeadFor = TimeSpan.FromDays(30);
    private const string Pending = "pending";
    private const string Dead = "dead";
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private static readonly TimeSpan Abandoned = TimeSpan.FromMinutes(1);
    private readonly Lock numbering = new();
    private readonly ConcurrentDictionary<string, Lock> storing = new(StringComparer.Ordinal);
    private long last;

    /// <summary>Why those that wait do so.</summary>
    public WebhookPauses Pauses { get; } = new(folder);

    /// <summary>The right to deliver, for one process at a time; given back by disposing of it.</summary>
    public async Task<IDisposable> HoldAsync(CancellationToken cancellationToken)
    {
        MakeFolder(folder);
        var held = await FileLock.TakeAsync(Path.Combine(folder, ".lock"), time, cancellationToken);
        AtomicFile.Clean(folder, Abandoned, time);
        return held;
    }

    /// <summary>Instances of which there is something.</summary>
    public IReadOnlyList<string> Instances => Directory.Exists(folder) ? [.. Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path))] : [];

    /// <summary>True while an earlier webhook of the instance waits: later ones wait behind it.</summary>
    public bool HasPending(string instanceId)
    {
        try
        {
            var place = PlaceOf(instanceId, Pending);
            return Directory.Exists(place) && Directory.EnumerateFiles(place, "*.hook").Any();
        }
        catch (DirectoryNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Writes it to disk, synced. False when the instance has too many already, or the disk has little room left, which others need too.</summary>
    public bool Store(string instanceId, StoredWebhook webhook) => InPlace(() => StoreOnce(instanceId, webhook));

    private bool StoreOnce(string instanceId, StoredWebhook webhook)
    {
        lock (storing.GetOrAdd(instanceId, static _ => new Lock()))
        {
            var place = MakePlace(instanceId, Pending);
            var present = new DirectoryInfo(place).GetFiles("*.hook");
            if (present.Length >= MostPerInstance || present.Sum(SizeOf) + webhook.Body.Length > MostBytesPerInstance || new DriveInfo(place).AvailableFreeSpace < LeastFree)
                return false;
            AtomicFile.Write(Path.Combine(place, NewName(present.Select(file => file.Name), webhook.Id)), webhook.ToBytes(), durable: true, written: observer is null ? null : observer.Boundary);
            return true;
        }
    }

    /// <summary>Those that wait, oldest first.</summary>
    public IReadOnlyList<string> ListPending(string instanceId) => List(PlaceOf(instanceId, Pending));

    /// <summary>Those that were given up, oldest first.</summary>
    public IReadOnlyList<string> ListDead(string instanceId) => List(PlaceOf(instanceId, Dead));

    /// <summary>What a file holds; null when it is gone, or is none.</summary>
    public static StoredWebhook? Read(string path)
    {
        try
        {
            return StoredWebhook.Read(File.ReadAllBytes(path));
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The id of the one in that file, also when that cannot be read.</summary>
    public static string IdOf(string path) => Path.GetFileNameWithoutExtension(path).Split('-', 2)[^1];

    /// <summary>It was delivered, or is not wanted any more.</summary>
    public static void Remove(string path) => File.Delete(path);

    /// <summary>
    /// It is not tried any more until a person says so. One that waits with a <see cref="StoredWebhook.Failure"/> is to be buried still. Of the dead as many are kept as
    /// may wait, until 30 days after they came; gives how many had to go. One that a person dropped meanwhile stays gone. Where nothing can be written, as on a full disk,
    /// it is moved without the reason.
    /// </summary>
    public Task<int> BuryAsync(string instanceId, string path, StoredWebhook webhook, string why, CancellationToken cancellationToken) =>
        AloneAsync(() => File.Exists(path) ? Bury(instanceId, path, webhook, why) : 0, cancellationToken);

    private int Bury(string instanceId, string path, StoredWebhook webhook, string why)
    {
        try
        {
            AtomicFile.Write(path, (webhook with { Failure = why }).ToBytes(), durable: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Those behind it go on by the move, and the log has the reason.
        }

        observer?.Boundary();
        var place = MakePlace(instanceId, Dead);
        AtomicFile.Move(path, Path.Combine(place, Path.GetFileName(path)));
        return Thin(new DirectoryInfo(place).GetFiles("*.hook"));
    }

    private int Thin(IEnumerable<FileInfo> dead)
    {
        var oldest = (time.GetUtcNow() - DeadFor).UtcTicks;
        var (count, bytes, dropped) = (0, 0L, 0);
        foreach (var file in dead.OrderByDescending(file => file.Name, StringComparer.Ordinal))
        {
            bytes += SizeOf(file);
            if (++count <= MostPerInstance && bytes <= MostBytesPerInstance && NumberOf(file.Name) >= oldest)
                continue;
            file.Delete();
            dropped++;
        }

        return dropped;
    }

    // One that was delivered meanwhile has none.
    private static long SizeOf(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }

    /// <summary>Puts a dead letter at the end of those that wait, with a new span of life, and has them tried at once. False when there is none with that id.</summary>
    public async Task<bool> ReplayAsync(string instanceId, string id, CancellationToken cancellationToken)
    {
        if (Find(ListDead(instanceId), id) is null || !await AloneAsync(() => Replay(instanceId, id), cancellationToken))
            return false;
        Pauses.End(instanceId);
        return true;
    }

    private bool Replay(string instanceId, string id)
    {
        if (Find(ListDead(instanceId), id) is not { } path || Read(path) is not { } webhook)
            return false;
        var now = time.GetUtcNow();
        var fresh = webhook with { ExpiresAt = now + (webhook.ExpiresAt - (webhook.ReplayedAt ?? webhook.ReceivedAt)), ReplayedAt = now, Failure = null };
        AtomicFile.Write(path, fresh.ToBytes(), durable: true);
        return InPlace(() =>
        {
            var place = MakePlace(instanceId, Pending);
            AtomicFile.Move(path, Path.Combine(place, NewName(Directory.EnumerateFiles(place, "*.hook").Select(file => Path.GetFileName(file)), id)));
            return true;
        });
    }

    /// <summary>Removes it, whether it waits or is dead; what waited behind it is tried at once. False when there is none with that id.</summary>
    public async Task<bool> DropAsync(string instanceId, string id, CancellationToken cancellationToken) =>
        FindAnywhere(instanceId, id) is not null && await AloneAsync(() => Drop(instanceId, id), cancellationToken);

    private bool Drop(string instanceId, string id)
    {
        if (FindAnywhere(instanceId, id) is not { } path)
            return false;
        var isFirst = ListPending(instanceId).FirstOrDefault() == path;
        File.Delete(path);
        if (isFirst)
            Pauses.End(instanceId);
        return true;
    }

    private string? FindAnywhere(string instanceId, string id) => Find([.. ListPending(instanceId), .. ListDead(instanceId)], id);

    // What a person asks for and what comes of a delivery may be of the same file, in two processes.
    private async Task<T> AloneAsync<T>(Func<T> act, CancellationToken cancellationToken)
    {
        using (await FileLock.TakeAsync(Path.Combine(folder, ".moving"), time, cancellationToken))
            return act();
    }

    /// <summary>Removes the folders of an instance of which nothing is there any more: nobody has to look into them.</summary>
    public void Tidy(string instanceId)
    {
        lock (storing.GetOrAdd(instanceId, static _ => new Lock()))
        {
            Pauses.End(instanceId);
            foreach (var place in (string[])[PlaceOf(instanceId, Pending), PlaceOf(instanceId, Dead), Path.Combine(folder, instanceId)])
                RemoveEmpty(place);
        }
    }

    private static void RemoveEmpty(string place)
    {
        try
        {
            if (Directory.Exists(place) && !Directory.EnumerateFileSystemEntries(place).Any())
                Directory.Delete(place);
        }
        catch (IOException)
        {
            // Another process has just put something there.
        }
    }

    // Another gateway may tidy up just then.
    private static bool InPlace(Func<bool> act)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return act();
            }
            catch (DirectoryNotFoundException) when (tries < 5)
            {
                // Made anew.
            }
        }
    }

    /// <summary>The instance is gone, and everything of it.</summary>
    public void Forget(string instanceId)
    {
        storing.TryRemove(instanceId, out _);
        if (Directory.Exists(Path.Combine(folder, instanceId)))
            Directory.Delete(Path.Combine(folder, instanceId), recursive: true);
    }

    private static string? Find(IReadOnlyList<string> paths, string id) =>
        paths.FirstOrDefault(path => Path.GetFileNameWithoutExtension(path).EndsWith("-" + id, StringComparison.Ordinal));

    private static List<string> List(string place)
    {
        try
        {
            return Directory.Exists(place) ? [.. Directory.EnumerateFiles(place, "*.hook").Order(StringComparer.Ordinal)] : [];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    private string MakePlace(string instanceId, string kind)
    {
        var place = PlaceOf(instanceId, kind);
        MakeFolder(place);
        return place;
    }

    // What is in it outlives a loss of power only when its own name does.
    private static void MakeFolder(string path)
    {
        if (Directory.Exists(path))
            return;
        var above = Path.GetDirectoryName(path)!;
        MakeFolder(above);
        Directory.CreateDirectory(path, Owner);
        AtomicFile.SyncFolder(above);
    }

    private string PlaceOf(string instanceId, string kind) => Path.Combine(folder, Path.GetFileName(instanceId), kind);

    // When it came, in ticks.
    private static long NumberOf(string name) => long.TryParse(name.Split('-')[0], CultureInfo.InvariantCulture, out var number) ? number : 0;

    // Greater than all that are there, also when the clock went back.
    private string NewName(IEnumerable<string> present, string id)
    {
        var newest = present.Select(NumberOf).DefaultIfEmpty().Max();
        lock (numbering)
        {
            last = Math.Max(Math.Max(last, newest) + 1, time.GetUtcNow().UtcTicks);
            return string.Create(CultureInfo.InvariantCulture, $"{last:D20}-{id}.hook");
        }
    }
}
