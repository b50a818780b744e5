using System.Text;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Bundles;

namespace Tenantry.Targets.Local.Roots;

/// <summary>
/// Root file systems, each made once and shared read-only by every instance that needs the same: a skeleton with the places for
/// mounts, and for folders and images an overlay of it on them.
/// </summary>
internal sealed class RootStore(LocalPaths paths, ImageStore images, TimeProvider time)
{
    private const string ImageNote = "image";

    /// <summary>Where the root with a key is.</summary>
    internal static string PathOf(LocalPaths paths, string key)
    {
        var merged = Path.Combine(paths.Roots, key, "merged");
        return Directory.Exists(merged) ? merged : Path.Combine(paths.Roots, key, "skeleton");
    }

    /// <summary>A root that holds all of <paramref name="places"/>, and its key.</summary>
    internal async Task<(string Key, BundleRoot Root)> PrepareAsync(RootRequest request, IReadOnlyList<Place> places, CancellationToken cancellationToken)
    {
        if (request.Source.Kind == RootKind.Host)
            return PrepareHost(request, places);
        var image = request.Source.Kind == RootKind.Image
            ? await images.UnpackAsync(request.SourcePath, cancellationToken)
            : new UnpackedImage(request.SourcePath, ImageConfig.Empty);
        return PrepareLayered(request, image, places);
    }

    /// <summary>The unpacked image on which a root lies, by its key; null for another root.</summary>
    internal string? ImageOf(string key)
    {
        var note = Path.Combine(paths.Roots, key, ImageNote);
        return File.Exists(note) ? File.ReadAllText(note) : null;
    }

    /// <summary>Removes roots that nobody uses and that were not asked for since.</summary>
    internal void Sweep(IReadOnlySet<string> used, DateTimeOffset since)
    {
        foreach (var folder in Folders().Where(folder => !used.Contains(Path.GetFileName(folder)) && Directory.GetLastWriteTimeUtc(folder) < since.UtcDateTime))
            Remove(folder);
    }

    /// <summary>Removes an unpacked image with all roots that lie on it. False when one of these is in use.</summary>
    internal bool RemoveImage(string image, IReadOnlySet<string> used)
    {
        var on = Folders().Where(folder => ImageOf(Path.GetFileName(folder)) == image).ToList();
        if (on.Any(folder => used.Contains(Path.GetFileName(folder))))
            return false;
        on.ForEach(Remove);
        images.Remove(image);
        return true;
    }

    private List<string> Folders() => Directory.Exists(paths.Roots) ? [.. Directory.EnumerateDirectories(paths.Roots)] : [];

    private static void Remove(string folder)
    {
        Mounts.UnmountTree(folder);
        Directory.Delete(folder, recursive: true);
    }

    private (string Key, BundleRoot Root) PrepareHost(RootRequest request, IReadOnlyList<Place> places)
    {
        var (user, group) = LocalBundle.UserOf(request.User);
        var plan = HostRoot.Plan(user, group);
        var wanted = new List<Place>();
        foreach (var place in Skeleton.Usual.Concat(places))
        {
            var resolved = place with { Path = ThroughLinks(plan, place.Path) };
            var shown = plan.Shown.Append(new Shown("/usr", "/usr")).FirstOrDefault(shown => IsBelow(resolved.Path, shown.Place));
            if (shown is null)
                wanted.Add(resolved);
            else if (resolved.IsFolder ? !Directory.Exists(resolved.Path) : !File.Exists(resolved.Path))
                throw Impossible(request, $"{place.Path} lies in the host's own {shown.Place}, which is shown read-only; choose a path outside it.");
        }

        var key = Skeleton.KeyOf("host", plan, wanted);
        EnsureSkeleton(key, plan, wanted);
        return (key, BundleRoot.Nothing with { Shown = plan.Shown });
    }

    private (string Key, BundleRoot Root) PrepareLayered(RootRequest request, UnpackedImage image, IReadOnlyList<Place> places)
    {
        if (!Directory.Exists(image.Folder))
            throw Impossible(request, $"{image.Folder} is not a folder.");
        var plan = SkeletonPlan.Empty;
        var resolved = Skeleton.Usual.Concat(places).Select(place => place with { Path = RootedPath.Resolve(image.Folder, place.Path) }).ToList();
        var missing = resolved.Where(place => !Fits(image.Folder + place.Path, place.IsFolder)).ToList();
        var wrong = missing.FirstOrDefault(place => Path.Exists(image.Folder + place.Path));
        if (wrong is not null)
            throw Impossible(request, $"{wrong.Path} in {image.Folder} is not a {(wrong.IsFolder ? "folder" : "file")}.");
        var key = Skeleton.KeyOf(image.Folder, plan, missing);
        EnsureSkeleton(key, plan, missing);
        if (image.Key is not null)
            AtomicFile.Write(Path.Combine(paths.Roots, key, ImageNote), Encoding.ASCII.GetBytes(image.Key), durable: false);
        var merged = Path.Combine(paths.Roots, key, "merged");
        using var held = HoldSync(key);
        Directory.CreateDirectory(merged);
        if (FileSystems.TypeOf(merged) != FileSystems.Overlay)
        {
            var lower = $"lowerdir={Escaped(Path.Combine(paths.Roots, key, "skeleton"))}:{Escaped(image.Folder)}";
            Mounts.Mount("tenantry", merged, "overlay", MountOptions.ReadOnly | MountOptions.NoDevices | MountOptions.NoSetUid, lower);
        }

        return (key, new BundleRoot([], image.Config.Command, image.Config.Environment, image.Config.WorkingDirectory));
    }

    private void EnsureSkeleton(string key, SkeletonPlan plan, IReadOnlyList<Place> places)
    {
        var folder = Path.Combine(paths.Roots, key);
        Directory.CreateDirectory(folder);
        // Whoever is told of it uses it soon.
        Directory.SetLastWriteTimeUtc(folder, time.GetUtcNow().UtcDateTime);
        if (Directory.Exists(Path.Combine(folder, "skeleton")))
            return;
        var temporary = Path.Combine(folder, $"new-{Guid.NewGuid():N}");
        Directory.CreateDirectory(temporary);
        Skeleton.Write(temporary, plan, places);
        try
        {
            Directory.Move(temporary, Path.Combine(folder, "skeleton"));
        }
        catch (IOException) when (Directory.Exists(Path.Combine(folder, "skeleton")))
        {
            Directory.Delete(temporary, recursive: true);
        }
    }

    // Held for the time of one mount call.
    private FileLock HoldSync(string key)
    {
        while (true)
        {
            if (FileLock.TryTake(Path.Combine(paths.Roots, $"{key}.lock")) is { } held)
                return held;
            Thread.Sleep(1);
        }
    }

    private static string ThroughLinks(SkeletonPlan plan, string path)
    {
        var first = "/" + path.Split('/', StringSplitOptions.RemoveEmptyEntries)[0];
        return plan.Links.TryGetValue(first, out var target) ? "/" + target.Trim('/') + path[first.Length..] : path;
    }

    private static bool Fits(string path, bool folder) => folder ? Directory.Exists(path) : File.Exists(path);

    private static bool IsBelow(string path, string folder) => path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal);

    private static string Escaped(string path) =>
        path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal);

    private static TargetException Impossible(RootRequest request, string why) =>
        new(why, retryable: false, new ResourceName("service", request.Service));
}

/// <summary>Which root a service wants.</summary>
/// <param name="Service">The service's name, for errors.</param>
/// <param name="Source">What it is made from.</param>
/// <param name="SourcePath">That, absolute on the host.</param>
/// <param name="User">The service's user.</param>
internal sealed record RootRequest(string Service, RootSource Source, string SourcePath, string User);
