using System.Globalization;
using System.Text;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Local.Volumes;

/// <summary>Volumes on this machine: file systems of their own in files, mounted by loop devices, or plain folders.</summary>
internal sealed class VolumeStore(LocalPaths paths, TimeProvider time)
{
    private const string MountData = "discard,noinit_itable,errors=remount-ro";
    private static readonly TimeSpan UnmountPatience = TimeSpan.FromSeconds(5);

    /// <summary>True when volumes can have file systems of their own here.</summary>
    internal static bool CanLoop => LoopDevice.IsAvailable && MakeFileSystem is not null;

    /// <summary>The program that makes a file system, or null.</summary>
    internal static string? MakeFileSystem => Programs.Find("mkfs.ext4");

    internal static string FolderOf(InstancePaths instance, VolumeFile volume) => Path.Combine(instance.Volumes, VolumePlan.FolderOf(volume));

    internal static bool IsReady(InstancePaths instance, VolumeFile volume) =>
        Directory.Exists(FolderOf(instance, volume)) && (volume.Image is null || IsMounted(instance, volume.Image));

    internal static bool HasImage(InstancePaths instance, VolumeFile volume) => volume.Image is not null && File.Exists(ImageOf(instance, volume.Image));

    /// <summary>Bytes that its file system has, or null for one without.</summary>
    internal static long? SizeOf(InstancePaths instance, VolumeFile volume) => HasImage(instance, volume) ? new FileInfo(ImageOf(instance, volume.Image!)).Length : null;

    /// <summary>
    /// Makes what is missing of a volume and mounts it; its top folder then belongs to its user. One that is too small is made larger: now where
    /// that can be, else before it is mounted the next time. None is made smaller. <paramref name="before"/>: the size that was wanted until now.
    /// </summary>
    internal async Task EnsureAsync(InstancePaths instance, VolumeFile volume, uint firstUid, CancellationToken cancellationToken, long? before = null)
    {
        try
        {
            if (volume.Image is not null)
                await EnsureImageAsync(instance, volume.Image, volume.SizeBytes, before is not null && before != volume.SizeBytes, cancellationToken);
            var folder = FolderOf(instance, volume);
            Directory.CreateDirectory(folder);
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
            Ownership.Give(folder, firstUid + volume.User, firstUid + volume.Group);
        }
        catch (LinuxException error)
        {
            throw new TargetException($"It cannot be made: {error.Message}.", retryable: true, new ResourceName("volume", volume.Name), cause: error);
        }
        catch (TargetException error) when (error.Resource is null)
        {
            throw new TargetException(error.Message, error.Retryable, new ResourceName("volume", volume.Name), error.Fix, error);
        }
    }

    /// <summary>Mounts what exists and is not mounted.</summary>
    internal void Mount(InstancePaths instance, IEnumerable<VolumeFile> volumes)
    {
        foreach (var image in volumes.Select(volume => volume.Image).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            if (File.Exists(ImageOf(instance, image)))
                MountImage(instance, image);
        }
    }

    /// <summary>Takes all volumes off; their data stays.</summary>
    internal async Task UnmountAsync(InstancePaths instance, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(instance.Volumes))
            return;
        foreach (var folder in Directory.EnumerateDirectories(instance.Volumes))
        {
            Remember(instance, Path.GetFileName(folder));
            await UnmountAsync(folder, cancellationToken);
        }
    }

    /// <summary>Removes a volume with its data; with the first of those that share a file system, all of them.</summary>
    internal async Task RemoveAsync(InstancePaths instance, VolumeFile volume, CancellationToken cancellationToken)
    {
        if (volume.Image is null)
        {
            DeleteFolder(FolderOf(instance, volume));
            return;
        }

        var place = Path.Combine(instance.Volumes, volume.Image);
        await UnmountAsync(place, cancellationToken);
        DeleteFolder(place);
        if (!Directory.Exists(instance.VolumeImages))
            return;
        File.Delete(ImageOf(instance, volume.Image));
        File.Delete(UsedOf(instance, volume.Image));
    }

    /// <summary>Removes all volumes with their data, known or not.</summary>
    internal async Task RemoveAllAsync(InstancePaths instance, CancellationToken cancellationToken)
    {
        await UnmountAsync(instance, cancellationToken);
        DeleteFolder(instance.Data);
    }

    /// <summary>Throws when anything is mounted on or below a folder: then it must not be deleted.</summary>
    internal void RefuseMounted(string folder)
    {
        if (Mounts.Under(folder).Count > 0)
            throw new IOException($"Something is still mounted below {folder}.");
    }

    /// <summary>Bytes in use in a file system of its own, mounted or not.</summary>
    internal static long UsedBytes(InstancePaths instance, string image)
    {
        var place = Path.Combine(instance.Volumes, image);
        if (IsMount(place))
            return FileSystems.UsedBytes(place) ?? 0;
        // Its file is larger than what is used of it: it holds the file system's own tables too.
        return File.Exists(UsedOf(instance, image)) && long.TryParse(File.ReadAllText(UsedOf(instance, image)), NumberStyles.None, CultureInfo.InvariantCulture, out var used)
            ? used
            : SparseFile.AllocatedBytes(ImageOf(instance, image));
    }

    // What is used of a file system can only be asked while it is mounted.
    private static void Remember(InstancePaths instance, string image)
    {
        var place = Path.Combine(instance.Volumes, image);
        if (IsMount(place) && File.Exists(ImageOf(instance, image)) && FileSystems.UsedBytes(place) is { } used)
            AtomicFile.Write(UsedOf(instance, image), Encoding.ASCII.GetBytes(used.ToString(CultureInfo.InvariantCulture)), durable: false);
    }

    private async Task UnmountAsync(string folder, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (IsMount(folder))
        {
            // The last process of the instance has ended, the kernel may not have let go of its files yet.
            if (Mounts.TryUnmount(folder))
                continue;
            if (time.GetElapsedTime(start) > UnmountPatience)
                Mounts.Unmount(folder);
            await Task.Delay(TimeSpan.FromMilliseconds(5), time, cancellationToken);
        }
    }

    private void DeleteFolder(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        RefuseMounted(folder);
        FolderRemoval.Remove(folder);
    }

    private static string ImageOf(InstancePaths instance, string image) => Path.Combine(instance.VolumeImages, $"{image}.ext4");

    private static string UsedOf(InstancePaths instance, string image) => Path.Combine(instance.VolumeImages, $"{image}.used");

    private static bool IsMounted(InstancePaths instance, string image) => IsMount(Path.Combine(instance.Volumes, image));

    private static bool IsMount(string folder) => Directory.Exists(folder) && FileSystems.IdOf(folder) != FileSystems.IdOf(Path.GetDirectoryName(folder)!);

    private async Task EnsureImageAsync(InstancePaths instance, string image, long size, bool isOther, CancellationToken cancellationToken)
    {
        var file = ImageOf(instance, image);
        if (!File.Exists(file))
        {
            Directory.CreateDirectory(instance.VolumeImages);
            SparseFile.Copy(await TemplateAsync(size, cancellationToken), file);
        }

        if (!IsMounted(instance, image))
        {
            if (new FileInfo(file).Length < size)
                await VolumeGrowth.GrowApartAsync(file, size, cancellationToken);
            MountImage(instance, image);
        }
        else if (isOther && new FileInfo(file).Length <= size && VolumeGrowth.IsPossibleMounted)
        {
            // Also when its file is long enough: being cut off may have come between the two.
            await VolumeGrowth.GrowMountedAsync(file, Path.Combine(instance.Volumes, image), size, cancellationToken);
        }
    }

    private static void MountImage(InstancePaths instance, string image)
    {
        var place = Path.Combine(instance.Volumes, image);
        Directory.CreateDirectory(place);
        if (IsMount(place))
            return;
        // From now on it says something of the past.
        File.Delete(UsedOf(instance, image));
        LoopDevice.Mount(ImageOf(instance, image), place, MountData);
        var lostAndFound = Path.Combine(place, "lost+found");
        if (Directory.Exists(lostAndFound) && !Directory.EnumerateFileSystemEntries(lostAndFound).Any())
            Directory.Delete(lostAndFound);
    }

    // Making a file system takes a process and tens of milliseconds; copying an empty one of the same size takes one.
    private async Task<string> TemplateAsync(long size, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(paths.VolumeTemplates);
        var template = Path.Combine(paths.VolumeTemplates, $"{size}.ext4");
        if (File.Exists(template))
            return template;
        using var held = await FileLock.TakeAsync($"{template}.lock", time, cancellationToken);
        if (File.Exists(template))
            return template;
        var temporary = $"{template}.{Guid.NewGuid():N}";
        using (var file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write))
            RandomAccess.SetLength(file, size);
        var made = await ChildProcess.CaptureAsync(MakeCommand(temporary), cancellationToken);
        if (made.ExitCode != 0)
        {
            File.Delete(temporary);
            throw new TargetException($"A file system of {size} bytes cannot be made: {made.LastLines(3)}", retryable: false);
        }

        File.Move(temporary, template, overwrite: true);
        return template;
    }

    internal static ChildCommand MakeCommand(string file) =>
        new(MakeFileSystem ?? "mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", file);
}
