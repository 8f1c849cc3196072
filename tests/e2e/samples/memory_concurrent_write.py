# Optimal chunk sizes for different use cases
SMALL_CHUNK = 4 * 1024 # 4KB - good for frequent small updates
MEDIUM_CHUNK = 64 * 1024 # 64KB - balanced for most operations
LARGE_CHUNK = 1024 * 1024 # 1MB - maximum throughput for bulk transfers
async def optimized_write(region_name, data, chunk_size=MEDIUM_CHUNK):
    total_size = len(data)
    tasks = []
    for offset in range(0, total_size, chunk_size):
        chunk = data[offset:offset + chunk_size]
        task = client.write_memory("myapp", region_name, offset, chunk)
        tasks.append(task)
    # Write chunks concurrently for maximum throughput
    await asyncio.gather(*tasks)
