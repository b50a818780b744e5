using System.Formats.Tar;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Docker.Images;

/// <summary>A build's input files as the tar that the engine builds from.</summary>
internal static class BuildContext
{
    private const UnixFileMode Plain = (UnixFileMode)0b110_100_100;
    private const UnixFileMode Runnable = (UnixFileMode)0b111_101_101;

    /// <summary>A temporary file that is gone when it is closed.</summary>
    internal static async Task<Stream> WriteAsync(string folder, BuildWorkload build, CancellationToken cancellationToken)
    {
        var path = Path.Combine(Path.GetTempPath(), $"tenantry-build-{Guid.NewGuid():N}.tar");
        var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        await using (var tar = new TarWriter(file, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var input in build.Inputs)
            {
                // The same inputs give the same tar, whenever and by whom they were written.
                if (new FileInfo(Path.Combine(folder, input)).LinkTarget is { } target)
                {
                    await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.SymbolicLink, input) { LinkName = target, ModificationTime = DateTimeOffset.UnixEpoch }, cancellationToken);
                    continue;
                }

                await using var content = File.OpenRead(Path.Combine(folder, input));
                var entry = new PaxTarEntry(TarEntryType.RegularFile, input)
                {
                    DataStream = content,
                    Mode = (File.GetUnixFileMode(content.SafeFileHandle) & UnixFileMode.UserExecute) != 0 ? Runnable : Plain,
                    ModificationTime = DateTimeOffset.UnixEpoch,
                };
                await tar.WriteEntryAsync(entry, cancellationToken);
            }
        }

        file.Position = 0;
        return file;
    }
}
