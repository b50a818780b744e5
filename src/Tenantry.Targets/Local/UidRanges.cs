using System.Security.Cryptography;
using System.Text;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Bundles;

namespace Tenantry.Targets.Local;

/// <summary>
/// Gives each instance 65536 host user ids of its own. A file named by the range and holding the instance's id is the claim: made
/// only where there is none, so that two control planes on one data folder never give one range away twice, and kept until the
/// instance is gone. An instance asks for the same range first each time, so that a cut-off creation finds its own claim.
/// </summary>
internal sealed class UidRanges(string folder, uint firstUid, uint lastUid)
{
    // So many places after its first one an instance's claim is looked for: further away only where nearly all are taken.
    private const uint LookedAt = 32;

    private uint Count => (uint)(((ulong)lastUid - firstUid + 1) / LocalBundle.IdsPerInstance);

    /// <summary>The instance's range: its own claim, or a new one. Returns the first id.</summary>
    internal uint Claim(string instanceId)
    {
        Directory.CreateDirectory(folder);
        // Who was before it in the first ranges may be gone by now.
        if (OwnOf(instanceId).ToList() is [var own, ..])
            return own;
        for (uint attempt = 0; attempt < Count; attempt++)
        {
            var first = Candidate(instanceId, attempt);
            if (TryClaim(instanceId, first))
                return first;
        }

        throw new TargetException($"All {Count} ranges of host user ids are in use.", retryable: false, fix: "Give the target a larger range with --option uids=FIRST-LAST.");
    }

    /// <summary>Claims a range that is known to be the instance's, where the claim was lost.</summary>
    internal void Restore(string instanceId, uint first)
    {
        Directory.CreateDirectory(folder);
        TryClaim(instanceId, first);
    }

    /// <summary>Gives the range back, if it is the instance's.</summary>
    internal void Release(string instanceId, uint first)
    {
        var file = FileOf(first);
        if (File.Exists(file) && File.ReadAllText(file) == instanceId)
            File.Delete(file);
    }

    /// <summary>Gives back whatever the instance claimed without anybody having written down which.</summary>
    internal void ReleaseAll(string instanceId)
    {
        foreach (var first in OwnOf(instanceId).ToList())
            Release(instanceId, first);
    }

    private IEnumerable<uint> OwnOf(string instanceId)
    {
        for (uint attempt = 0; attempt < Math.Min(Count, LookedAt); attempt++)
        {
            var first = Candidate(instanceId, attempt);
            if (File.Exists(FileOf(first)) && File.ReadAllText(FileOf(first)) == instanceId)
                yield return first;
        }
    }

    private uint Candidate(string instanceId, uint attempt)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(instanceId));
        var slot = (BitConverter.ToUInt32(hash) % Count + attempt) % Count;
        return firstUid + (slot * LocalBundle.IdsPerInstance);
    }

    // The claim is written beside and linked to its name: it never exists without its content, and of two that come at once one fails.
    private bool TryClaim(string instanceId, uint first)
    {
        var file = FileOf(first);
        if (File.Exists(file))
            return File.ReadAllText(file) == instanceId;
        var temporary = $"{file}.{Guid.NewGuid():N}";
        using (var claim = File.Create(temporary))
        {
            claim.Write(Encoding.UTF8.GetBytes(instanceId));
            claim.Flush(flushToDisk: true);
        }

        try
        {
            FileNames.AddLink(temporary, file);
            return true;
        }
        catch (LinuxException error) when (error.Errno == Errno.Exists)
        {
            return File.ReadAllText(file) == instanceId;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private string FileOf(uint first) => Path.Combine(folder, $"{first}");
}
