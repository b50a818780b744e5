using System.Reflection;
using System.Runtime.InteropServices;

namespace Tenantry.Server.Serving;

/// <summary>Where the ordinary user finds this program: as it is, or a copy where the way to it is closed to others (a checkout below /root).</summary>
internal static partial class WebProgram
{
    private const nuint NameAtStart = 31;
    private static int copies;

    /// <summary>
    /// How this process was started, for another one of the same user: by the name that was called, which may be a link to what is newest. To be asked before the program is replaced.
    /// </summary>
    public static IReadOnlyList<string> Own(ServeOptions options)
    {
        if (options.SelfCommand is { } given)
            return given;
        var called = Marshal.PtrToStringUTF8((nint)Auxiliary(NameAtStart));
        var program = Path.IsPathRooted(called) && File.Exists(called) ? called : Environment.ProcessPath ?? throw new InvalidOperationException("This process does not know its own program.");
        return Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, Assembly.GetEntryAssembly()!.Location] : [program];
    }

    public static IReadOnlyList<string> Command(ServeOptions options)
    {
        if (options.SelfCommand is { } given)
            return given;
        var program = Environment.ProcessPath ?? throw new InvalidOperationException("This process does not know its own program.");
        var isHost = Path.GetFileNameWithoutExtension(program) == "dotnet";
        var home = AppContext.BaseDirectory.TrimEnd('/');
        var reachable = WebUser.FirstBarrier(Path.Combine(home, "x")) is null ? home : Copy(home, options);
        var name = Path.GetFileName(isHost ? Assembly.GetEntryAssembly()!.Location : program);
        return isHost ? [program, Path.Combine(reachable, name)] : [Path.Combine(reachable, name)];
    }

    private static string Copy(string home, ServeOptions options)
    {
        // The one before may still run from its copy.
        var copy = Path.Combine(ServeFolders.RunFolder(options.Folders), $"program-{Interlocked.Increment(ref copies) % 2}");
        if (Directory.Exists(copy))
            Directory.Delete(copy, recursive: true);
        foreach (var folder in Directory.EnumerateDirectories(home, "*", SearchOption.AllDirectories).Prepend(home))
            Directory.CreateDirectory(Path.Combine(copy, Path.GetRelativePath(home, folder)));
        foreach (var file in Directory.EnumerateFiles(home, "*", SearchOption.AllDirectories))
        {
            var place = Path.Combine(copy, Path.GetRelativePath(home, file));
            File.Copy(file, place, overwrite: true);
            File.SetUnixFileMode(place, File.GetUnixFileMode(place) | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }

        return copy;
    }

    // AT_EXECFN: the path that the kernel was given.
    [LibraryImport("libc", EntryPoint = "getauxval")]
    private static partial nuint Auxiliary(nuint type);
}
