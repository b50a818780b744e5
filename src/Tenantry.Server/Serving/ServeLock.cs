namespace Tenantry.Server.Serving;

/// <summary>One engine, one api and one gateway on a data folder. The kernel lets go of the lock however the process ends.</summary>
internal sealed class ServeLock : IDisposable
{
    private readonly List<FileStream> held = [];

    public static ServeLock Take(string folder, ServeRoles roles)
    {
        var locks = new ServeLock();
        foreach (var role in new[] { ServeRoles.Engine, ServeRoles.Api, ServeRoles.Gateway }.Where(role => roles.HasFlag(role)))
        {
            var path = Path.Combine(folder, $"{role.ToString().ToLowerInvariant()}.lock");
            try
            {
                locks.held.Add(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException)
            {
                locks.Dispose();
                throw new ServeRefusedException($"Another 'tenantry serve' plays the role '{role.ToString().ToLowerInvariant()}' on {folder} already. Stop it first, or choose another --data folder.");
            }
        }

        return locks;
    }

    public void Dispose()
    {
        foreach (var file in held)
            file.Dispose();
        held.Clear();
    }
}
