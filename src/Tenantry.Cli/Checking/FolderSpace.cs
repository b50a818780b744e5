using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Checking;

/// <summary>Whether the data folder has room, told by the disk and by trying.</summary>
internal static class FolderSpace
{
    private const long LeastFree = 50L * 1024 * 1024;
    private const long LittleFree = 1024L * 1024 * 1024;
    private const double LittlePart = 0.05;
    private const int Tried = 64 * 1024;
    private const string Fix = "Make room, or move it.";

    /// <summary>Looks, and writes a small file that is gone at once.</summary>
    public static TargetFindingResponse Look(string folder)
    {
        var drive = new DriveInfo(folder);
        return Finding(folder, drive.AvailableFreeSpace, drive.TotalSize, WhyNotWritten(folder));
    }

    /// <summary>What is to be said. Pure.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="free">Bytes that are free.</param>
    /// <param name="total">Bytes of the whole disk.</param>
    /// <param name="whyNot">Why nothing can be written, or null.</param>
    public static TargetFindingResponse Finding(string folder, long free, long total, string? whyNot)
    {
        var left = $"{Words.Bytes(free)} of {Words.Bytes(total)} left";
        if (whyNot is not null)
            return new("data folder", "Missing", $"Nothing can be written into {folder} ({left}): {whyNot.TrimEnd('.')}.", Fix);
        if (free < LeastFree)
            return new("data folder", "Missing", $"{folder} is as good as full: {left}.", Fix);
        return free < LittleFree || free < total * LittlePart
            ? new("data folder", "Note", $"{folder} has {left}.", Fix)
            : new("data folder", "Ok", $"{folder}, {left}", null);
    }

    private static string? WhyNotWritten(string folder)
    {
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.DeleteOnClose };
            using var file = new FileStream(Path.Combine(folder, $".doctor-{Guid.NewGuid():N}"), options);
            file.Write(new byte[Tried]);
            file.Flush(flushToDisk: true);
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            // The folder is the control plane's, and who asks is somebody else.
            return null;
        }
        catch (IOException failure)
        {
            return failure.Message;
        }
    }
}
