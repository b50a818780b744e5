namespace Tenantry.Targets.Linux;

/// <summary>Tells a full disk from other failures of files.</summary>
public static class FullDisk
{
    // Numbers of the kernel: ENOSPC and EDQUOT.
    private const int NoSpace = 28;
    private const int OverQuota = 122;

    /// <summary>True when a file system, or its owner's share of it, is full.</summary>
    public static bool Is(Exception error) => error is IOException { HResult: NoSpace or OverQuota };
}
