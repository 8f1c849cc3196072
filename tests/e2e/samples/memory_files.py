# Efficient handling of large datasets
async def upload_large_file(file_path, region_name):
    file_size = os.path.getsize(file_path)
    # Allocate region to fit the file
    await client.allocate_memory("myapp", region_name, size=file_size)
    # Stream file in chunks for memory efficiency
    chunk_size = 64 * 1024 # 64KB chunks
    offset = 0
    with open(file_path, 'rb') as f:
        while True:
            chunk = f.read(chunk_size)
            if not chunk:
                break
            await client.write_memory("myapp", region_name, offset, chunk, timeout_ms=30000)
            offset += len(chunk)
            print(f"Uploaded {offset}/{file_size} bytes")
# Download large data efficiently
async def download_region(region_name, output_path):
    info = await client.describe_memory("myapp", region_name)
    chunk_size = 64 * 1024
    with open(output_path, 'wb') as f:
        offset = 0
        while offset < info.data_length:
            chunk_len = min(chunk_size, info.data_length - offset)
            chunk = await client.read_memory("myapp", region_name, offset, chunk_len)
            f.write(chunk)
            offset += len(chunk)
