using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Local.Builds;

/// <summary>
/// Builds, each made once and shared read-only by every instance: a folder named by its content address, which appears whole or not
/// at all. Who comes while it is being made waits for it, in this process and in others. One that somebody damaged by hand is made anew.
/// </summary>
internal sealed partial class BuildStore(LocalHost host)
{
    private static readonly TimeSpan FailureIsRemembered = TimeSpan.FromSeconds(60);
    private readonly ConcurrentDictionary<string, (DateTimeOffset At, TargetException Error)> _failures = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, string> _damage = new(StringComparer.Ordinal);

    internal bool IsReady(BuildWorkload build) => Directory.Exists(FolderOf(build.Key)) && DamageOf(build.Key) is null;

    /// <summary>What was not as it was built when <see cref="CheckAsync"/> looked last; null: all of it was.</summary>
    internal string? DamageOf(string key) => _damage.GetValueOrDefault(FolderOf(key));

    /// <summary>What the last look found, by folder.</summary>
    internal IReadOnlyDictionary<string, string> Damage => _damage;

    /// <summary>Looks at every build. What is damaged, by folder.</summary>
    internal IReadOnlyDictionary<string, string> Check(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(host.Paths.Builds))
            return _damage;
        var marked = Directory.EnumerateFiles(host.Paths.Builds, BuildMark.PathOf("*")).Select(mark => mark[..^BuildMark.PathOf("").Length]);
        foreach (var folder in Directory.EnumerateDirectories(host.Paths.Builds).Where(folder => Path.GetFileName(folder)[0] != '.').Union(marked, StringComparer.Ordinal).ToList())
        {
            cancellationToken.ThrowIfCancellationRequested();
            // One that is just being made is looked at the next time.
            using var held = FileLock.TryTake($"{folder}.lock");
            if (held is not null)
                Look(folder);
        }

        return _damage;
    }

    private string? Look(string folder)
    {
        if (BuildMark.Damage(folder) is { } damage)
            return _damage[folder] = damage;
        _damage.TryRemove(folder, out _);
        return null;
    }

    /// <summary>The folder of a release's build, made now if need be. A build that fails is a terminal <see cref="TargetException"/> with what it said last.</summary>
    internal async Task<string> EnsureAsync(ReleaseSource release, Action<string> progress, CancellationToken cancellationToken)
    {
        var build = release.Build!;
        var folder = FolderOf(build.Key);
        if (IsReady(build))
            return folder;
        var asked = host.Time.GetUtcNow();
        Directory.CreateDirectory(host.Paths.Builds);
        using var held = await FileLock.TakeAsync($"{folder}.lock", host.Time, cancellationToken);
        if (Directory.Exists(folder) && Look(folder) is null)
            return folder;
        if (_damage.TryGetValue(folder, out var damage))
        {
            progress($"building it anew: {damage}");
            host.Logger.LogWarning("The shared release {Release} was damaged ({Damage}): it is built anew", build.Key, damage);
        }

        // Whoever waited while it failed is told the same, instead of letting it fail again.
        if (_failures.TryGetValue(build.Key, out var failure) && failure.At >= asked && host.Time.GetUtcNow() - failure.At < FailureIsRemembered)
            throw failure.Error;
        try
        {
            await MakeAsync(release, build, folder, progress, cancellationToken);
            _failures.TryRemove(build.Key, out _);
            _damage.TryRemove(folder, out _);
            return folder;
        }
        catch (TargetException error) when (!error.Retryable)
        {
            _failures[build.Key] = (host.Time.GetUtcNow(), error);
            throw;
        }
    }

    /// <summary>Ends builds that an earlier run of the control plane left unfinished, with all that they have. Those that somebody makes now are left alone.</summary>
    internal async Task ClearCutOffAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(host.Paths.Builds))
            return;
        foreach (var name in BuildPlace.CutOff(host.Paths))
        {
            using var held = FileLock.TryTake(Path.Combine(host.Paths.Builds, $"{name}.lock"));
            if (held is null)
                continue;
            var place = new BuildPlace(host.Paths, name);
            await new BuildRun(host, place).EndAsync(cancellationToken);
            place.Clear();
        }
    }

    /// <summary>Removes a build; false when somebody makes it just now. What lies elsewhere, behind a link, others use too: it stays.</summary>
    internal bool Remove(string key)
    {
        var folder = FolderOf(key);
        if (!Directory.Exists(host.Paths.Builds) || new DirectoryInfo(host.Paths.Builds).LinkTarget is not null)
            return true;
        using var held = FileLock.TryTake($"{folder}.lock");
        if (held is null)
            return false;
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        File.Delete(BuildMark.PathOf(folder));
        _damage.TryRemove(folder, out _);
        return true;
    }

    private async Task MakeAsync(ReleaseSource release, BuildWorkload build, string folder, Action<string> progress, CancellationToken cancellationToken)
    {
        var place = new BuildPlace(host.Paths, Path.GetFileName(folder));
        place.Clear();
        try
        {
            progress("copying its inputs");
            place.Make();
            CopyInputs(release, build, place.Work);
            if (build.Command.Count > 0)
                await new BuildRun(host, place).RunAsync(build, progress, cancellationToken);
            var result = build.Output is "" or "." ? place.Work : RootedPath.ResolveOnHost(place.Work, build.Output);
            if (!Directory.Exists(result))
                throw new TargetException($"The build left no folder {build.Output}.", retryable: false, LocalResources.Release(build.Key), "Correct the build's output in the manifest.");
            BuildTree.Publish(result);
            if (Directory.Exists(folder))
                BuildMending.Mend(result, folder);
            else
                Directory.Move(result, folder);
            BuildMark.Write(folder);
            AtomicFile.SyncFolder(host.Paths.Builds);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TargetException($"The build cannot be prepared: {error.Message.TrimEnd('.')}.", retryable: true, LocalResources.Release(build.Key), cause: error);
        }
        finally
        {
            place.Clear();
        }
    }

    private static void CopyInputs(ReleaseSource release, BuildWorkload build, string work)
    {
        foreach (var input in build.Inputs)
        {
            var inside = Path.GetFullPath(Path.Combine(work, input));
            if (!inside.StartsWith(work + "/", StringComparison.Ordinal))
                throw new TargetException($"The build's input {input} lies outside its folder.", retryable: false, LocalResources.Release(build.Key));
            var source = Path.Combine(release.SourceFolder, input);
            Directory.CreateDirectory(Path.GetDirectoryName(inside)!);
            if (new FileInfo(source).LinkTarget is { } target)
                File.CreateSymbolicLink(inside, target);
            else
                File.Copy(source, inside);
        }
    }

    private string FolderOf(string key)
    {
        var name = Unsafe().Replace(key, "-");
        return Path.Combine(host.Paths.Builds, name);
    }

    [GeneratedRegex("[^A-Za-z0-9]", RegexOptions.NonBacktracking)]
    private static partial Regex Unsafe();
}
