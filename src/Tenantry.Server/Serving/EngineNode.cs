using System.Security.Cryptography;
using System.Text;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Serving;

/// <summary>The name of the engine of a data folder, kept in the folder: machine and chance. The folder's targets are at home there.</summary>
internal static class EngineNode
{
    private const int Longest = 60;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Readable = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>The engine's, for the engine; the web side finds it afterwards.</summary>
    public static string Of(DataFolders folders)
    {
        var name = OfEngine(folders);
        if (Find(folders) != name)
            AtomicFile.Write(folders.EngineName, Encoding.UTF8.GetBytes(name + "\n"), durable: false, Readable);
        return name;
    }

    /// <summary>The name of the folder's engine, or null when none was ever started.</summary>
    public static string? Find(DataFolders folders) => File.Exists(folders.EngineName) ? File.ReadAllText(folders.EngineName).Trim() : null;

    private static string OfEngine(DataFolders folders)
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
