using System.Security.Cryptography;
using System.Text;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Serving;

/// <summary>The name of the engine of a data folder, kept in the folder: machine and chance. The folder's targets are at home there.</summary>
internal static class EngineNode
{
    private const int Longest = 60;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static string Of(DataFolders folders)
    {
        if (File.Exists(folders.EngineNode) && File.ReadAllText(folders.EngineNode).Trim() is { Length: > 0 } known)
            return known;
        var machine = new string([.. Environment.MachineName.Where(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.').Take(Longest)]);
        var name = $"{(machine.Length > 0 ? machine : "engine")}-{RandomNumberGenerator.GetHexString(12, lowercase: true)}";
        Directory.CreateDirectory(Path.GetDirectoryName(folders.EngineNode)!);
        AtomicFile.Write(folders.EngineNode, Encoding.UTF8.GetBytes(name + "\n"), durable: true, OwnerOnly);
        return name;
    }
}
