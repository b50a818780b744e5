namespace Tenantry.Targets.Local.Volumes;

/// <summary>Adds up the files of a folder.</summary>
internal static class DiskUsage
{
    private static readonly EnumerationOptions Everything = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };

    internal static long Of(string folder, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
            return 0;
        long sum = 0;
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", Everything))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                sum += file.Length;
            }
            catch (IOException)
            {
                // It went while this looked.
            }
        }

        return sum;
    }
}
