using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Local.Volumes;

/// <summary>
/// Makes the file system of a volume larger. While it is mounted the kernel does that on the fly, for whoever may ask it to
/// (CAP_SYS_RESOURCE); otherwise it is done to a copy when nobody uses it, so that being cut off harms nothing.
/// </summary>
internal static class VolumeGrowth
{
    // The file system is sound, or was mended.
    private const int MostMended = 1;

    /// <summary>True when one that is mounted can be made larger here.</summary>
    internal static bool IsPossibleMounted => Capability.Has(Capability.SystemResource);

    /// <summary>Makes one that is mounted larger. Does nothing to one that is as large already.</summary>
    internal static async Task GrowMountedAsync(string image, string place, long size, CancellationToken cancellationToken)
    {
        Lengthen(image, size);
        await RunAsync("resize2fs", cancellationToken, LoopDevice.Grow(place));
    }

    /// <summary>Makes one that is not mounted larger.</summary>
    internal static async Task GrowApartAsync(string image, long size, CancellationToken cancellationToken)
    {
        var copy = $"{image}.larger";
        try
        {
            SparseFile.Copy(image, copy);
            Lengthen(copy, size);
            await RunAsync("e2fsck", cancellationToken, "-f", "-p", copy);
            await RunAsync("resize2fs", cancellationToken, copy);
            File.Move(copy, image, overwrite: true);
        }
        finally
        {
            File.Delete(copy);
        }
    }

    private static void Lengthen(string file, long size)
    {
        using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        if (RandomAccess.GetLength(handle) < size)
            RandomAccess.SetLength(handle, size);
        RandomAccess.FlushToDisk(handle);
    }

    private static async Task RunAsync(string program, CancellationToken cancellationToken, params string[] arguments)
    {
        var path = Programs.Find(program) ?? throw new TargetException($"It cannot be made larger: {program} is not installed.", retryable: false, fix: "apt-get install -y e2fsprogs");
        var done = await ChildProcess.CaptureAsync(new ChildCommand(path, arguments), cancellationToken);
        if (done.ExitCode > MostMended)
            throw new TargetException($"It cannot be made larger: {program}: {done.LastLines(2)}", retryable: true);
    }
}
